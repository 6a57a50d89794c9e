/// How a front packs an HTTP request into an event, and so how it wants the response packed.
package struct EventShape: Sendable, Hashable {
    /// Who sends the event; every front has a format of its own.
    package enum Front: Sendable, Hashable {
        /// API Gateway REST APIs, and HTTP APIs with payload format 1.0.
        case gatewayV1
        /// API Gateway HTTP APIs with payload format 2.0, and Lambda Function URLs.
        case gatewayV2
        /// An Application Load Balancer whose target group has multi-value headers turned off.
        case loadBalancer
        /// An Application Load Balancer whose target group has multi-value headers turned on.
        case multiValueLoadBalancer
    }

    /// Who sent the event.
    package let front: Front
    /// Whether the request was HEAD, so that the response has no content.
    package let isHead: Bool

    package init(_ front: Front, isHead: Bool = false) {
        self.front = front
        self.isHead = isHead
    }
}

extension EventShape.Front {
    private enum Field: String, CodingKey {
        case version, httpMethod, resource, requestContext, methodArn, routeArn
    }

    private enum ContextField: String, CodingKey {
        case elb, http, stage
    }

    /// Recognises an event by its marks; `nil`: it is no HTTP request.
    ///
    /// A question to a Lambda authorizer looks like a request, but wants a policy for an answer. Messages of WebSockets
    /// and requests of VPC Lattice lack the marks and are left to whoever takes raw events.
    init?(of decoder: any Decoder) {
        guard let event = try? decoder.container(keyedBy: Field.self),
            !event.contains(.methodArn), !event.contains(.routeArn),
            let context = try? event.nestedContainer(keyedBy: ContextField.self, forKey: .requestContext)
        else { return nil }
        let version = try? event.decodeIfPresent(String.self, forKey: .version)
        if context.contains(.elb) {
            let probe = try? decoder.container(keyedBy: HTTPEvent.CodingKeys.self)
            self = probe?.contains(.multiValueHeaders) == true ? .multiValueLoadBalancer : .loadBalancer
        } else if version == "2.0", context.contains(.http) {
            self = .gatewayV2
        } else if version == nil || version == "1.0", event.contains(.httpMethod), event.contains(.resource),
            context.contains(.stage)
        {
            self = .gatewayV1
        } else {
            return nil
        }
    }
}
