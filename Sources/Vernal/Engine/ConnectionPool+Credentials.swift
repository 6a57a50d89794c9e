internal import LibpqIO
internal import Moments
internal import Synchronization

extension ConnectionPool {
    /// A connect that can be begun, or why it cannot.
    enum Preparation: ~Copyable {
        case ready(ConnectAttempt)
        case failed(VernalError)
    }

    /// Prepares a connect with the credentials of this moment.
    func prepareAttempt(until deadline: Moment) async -> Preparation {
        do throws(VernalError) {
            var settings = configuration.settings
            if let provider = hooks.credentials {
                let credentials = try await credentials(from: provider, until: deadline)
                settings["password"] = credentials.password
                if let user = credentials.user { settings["user"] = user }
            }
            do throws(LibpqError) {
                return .ready(try ConnectAttempt(settings, timeout: configuration.connectTimeout))
            } catch {
                return .failed(VernalError(connect: error))
            }
        } catch {
            return .failed(error)
        }
    }

    private func credentials(
        from provider: @escaping @Sendable (CredentialsRequest) async throws -> Credentials,
        until deadline: Moment
    ) async throws(VernalError) -> Credentials {
        let settings = configuration.settings
        let request = CredentialsRequest(
            host: settings["host"] ?? settings["hostaddr"],
            port: settings["port"],
            user: settings["user"],
            wereRefused: shared.withLock { $0.lastConnectError?.code == .authenticationFailed }
        )
        let outcome: Result<Credentials, any Error>?
        outcome = await withTaskGroup(of: Result<Credentials, any Error>?.self) { group in
            group.addTask {
                do { return .success(try await provider(request)) } catch { return .failure(error) }
            }
            group.addTask {
                _ = await SocketWaiter.shared.sleep(at: Parking(), until: deadline)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        switch outcome {
        case .success(let credentials):
            return credentials
        case .failure(let error):
            throw VernalError.hookFailed("credentials", error)
        case nil:
            throw VernalError(
                Task.isCancelled ? .cancelled : .timedOut,
                "the hook \"credentials\" gave none before the deadline"
            ) { $0.wait = .credentials }
        }
    }
}
