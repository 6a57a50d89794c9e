/// The page of `vernal run --dashboard`: everything in one file, which asks for nothing but its state.
enum DashboardPage {
    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <link rel="icon" href="data:,">
        <title>vernal run</title>
        <style>\(style)</style>
        </head>
        <body>
        <a class="skip" href="#environments">Skip to the environments</a>
        <main>
        <header>
        <h1 id="name">vernal run</h1>
        <button id="pause" type="button" aria-pressed="false" aria-keyshortcuts="p">Pause</button>
        </header>
        <p id="banner" role="status" hidden></p>
        <dl class="tiles">
        \(tile("environments", "environments")) \(tile("inflight", "in flight")) \(tile("connections", "connections")) \
        \(tile("rate", "invocations/s")) \(tile("finished", "invocations")) \(tile("failed", "failed"))
        </dl>
        <section aria-labelledby="h-plot">
        <div class="head"><h2 id="h-plot">Connections over time</h2>
        <fieldset class="choice"><legend>Show the last</legend>
        <label><input type="radio" name="span" value="60" checked> 1 min</label>
        <label><input type="radio" name="span" value="300"> 5 min</label></fieldset></div>
        <p class="key"><span><i class="swatch all"></i>connections</span> <span><i class="swatch envs"></i>environments</span> \
        <span><i class="swatch work"></i>at work</span> <span id="limit-key" hidden><i class="swatch limit"></i>usable slots</span></p>
        <svg id="plot" viewBox="0 0 760 220" role="img" aria-label="nothing yet"></svg>
        </section>
        <section aria-labelledby="h-envs" id="environments" tabindex="-1">
        <h2 id="h-envs">Environments</h2>
        <ul id="list"></ul>
        <p id="none" class="quiet">None yet: the first request starts one.</p>
        </section>
        <section aria-labelledby="h-events">
        <div class="head"><h2 id="h-events">Events</h2>
        <label>Show <select id="filter"><option value="all">all</option><option value="trouble">failures and notices</option>\
        <option value="environment">environments</option></select></label></div>
        <ol id="events" tabindex="0" aria-label="Events, the latest first"></ol>
        </section>
        <p class="quiet">Keys: <kbd>p</kbd> pauses, <kbd>e</kbd> goes to the environments, <kbd>l</kbd> to the events.</p>
        </main>
        <script>\(script)</script>
        </body>
        </html>
        """

    private static func tile(_ id: String, _ name: String) -> String {
        #"<div class="tile"><dt>\#(name)</dt><dd id="\#(id)-value">–</dd></div>"#
    }
}
