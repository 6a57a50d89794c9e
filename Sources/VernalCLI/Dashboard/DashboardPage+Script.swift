extension DashboardPage {
    /// All that comes from outside is put in as text, never as markup.
    static let script = #"""
        "use strict";
        const $ = id => document.getElementById(id);
        const make = (name, text, style) => {
          const element = document.createElement(name);
          if (text !== undefined) element.textContent = text;
          if (style) element.className = style;
          return element;
        };
        const ask = (path, method) => fetch("/_vernal/" + path, {method: method || "GET", headers: {"X-Vernal": "1"}});
        const glyphs = {running: "●", idle: "○", frozen: "❄", stopping: "✕", starting: "…", initialising: "…"};
        let last = 0, samples = [], events = [], state = null, isPaused = false;

        const isTrouble = event => event.kind === "failure" || event.kind === "notice";

        function show(text) { $("banner").hidden = !text; if ($("banner").textContent !== text) $("banner").textContent = text; }
        function put(id, value, isBad) {
          $(id + "-value").textContent = value;
          $(id + "-value").parentElement.classList.toggle("bad", !!isBad);
        }

        async function order(id, verb) {
          try {
            const answer = await ask(`environments/${id}/${verb}`, "POST");
            if (!answer.ok) show((await answer.json()).message);
            else { show(""); await update(); }
          } catch { show("vernal run does not answer: it has ended, or is busy."); }
        }

        const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

        function duration(seconds) {
          return seconds < 60 ? seconds.toFixed(0) + " s" : seconds < 3600 ? (seconds / 60).toFixed(0) + " min"
            : (seconds / 3600).toFixed(1) + " h";
        }

        function card(id) {
          const item = make("li");
          item.dataset.id = id;
          const title = make("div", undefined, "title");
          title.append(make("b", "environment " + id), make("span", "", "state"));
          const orders = make("div", undefined, "orders");
          for (const [verb, name] of [["freeze", "Freeze"], ["thaw", "Thaw"], ["term", "End"], ["kill", "Kill"]]) {
            const button = make("button", name);
            button.type = "button";
            button.dataset.verb = verb;
            button.setAttribute("aria-label", `${name} environment ${id}`);
            button.addEventListener("click", () => order(id, verb));
            orders.append(button);
          }
          item.append(title, make("p", "", "facts"), orders);
          return item;
        }

        function fill(item, environment) {
          item.dataset.state = environment.state;
          item.querySelector(".state").textContent = (glyphs[environment.state] || "?") + " " + environment.state;
          const facts = [`for ${duration(environment.seconds)}`, count(environment.invocations, "invocation")];
          if (environment.freezes) facts.push(count(environment.freezes, "freeze"));
          if (environment.memory) facts.push(`${(environment.memory / 1048576).toFixed(0)} MB`);
          if (environment.connections !== undefined) facts.push(count(environment.connections, "connection"));
          if (environment.link && environment.link !== "forward") facts.push(`link: ${environment.link}`);
          item.querySelector(".facts").textContent = facts.join(" · ");
          for (const button of item.querySelectorAll("button")) {
            const isPossible = button.dataset.verb === "freeze" ? environment.state === "idle"
              : button.dataset.verb === "thaw" ? environment.state === "frozen" : environment.state !== "stopping";
            // A button that has the focus keeps it: what cannot be done is said when it is pressed.
            button.disabled = !isPossible && document.activeElement !== button;
          }
        }

        function list() {
          const shown = state.environments.slice(0, 200), known = new Map();
          for (const item of [...$("list").children]) known.set(item.dataset.id, item);
          for (const environment of shown) {
            const id = String(environment.id);
            const item = known.get(id) || $("list").appendChild(card(id));
            known.delete(id);
            fill(item, environment);
          }
          for (const item of known.values()) {
            const hadFocus = item.contains(document.activeElement);
            item.remove();
            if (hadFocus) $("environments").focus();
          }
          const more = state.environments.length - shown.length;
          $("none").hidden = state.environments.length > 0 && more === 0;
          if (more > 0) $("none").textContent = `and ${more} more`;
          else $("none").textContent = "None yet: the first request starts one.";
        }

        function plot() {
          const seconds = Number(document.querySelector("input[name=span]:checked").value);
          const end = samples.length ? samples[samples.length - 1].at : 0, begin = end - seconds * 1000;
          const seen = samples.filter(sample => sample.at >= begin - 1000);
          const values = seen.flatMap(s => [s.connections || 0, s.environments]);
          const slots = state.slots;
          const top = Math.max(4, ...values.map(v => v * 1.15), slots && Math.max(...values) > slots * 0.4 ? slots * 1.15 : 0);
          const x = at => 44 + (at - begin) / (seconds * 1000) * 704, y = value => 190 - value / top * 176;
          const parts = [];
          const add = (name, attributes, text) => {
            const element = document.createElementNS("http://www.w3.org/2000/svg", name);
            for (const key in attributes) element.setAttribute(key, attributes[key]);
            if (text !== undefined) element.textContent = text;
            parts.push(element);
          };
          const step = Math.max(1, Math.ceil(top / 4));
          for (let value = 0; value <= top; value += step) {
            add("line", {class: "grid", x1: 44, x2: 748, y1: y(value), y2: y(value)});
            add("text", {x: 38, y: y(value) + 4, "text-anchor": "end"}, value);
          }
          add("text", {x: 44, y: 212}, `${seconds / 60} min ago`);
          add("text", {x: 748, y: 212, "text-anchor": "end"}, "now");
          const line = (pick, style, isFilled) => {
            const points = seen.filter(s => pick(s) !== null && pick(s) !== undefined);
            if (!points.length) return;
            let path = "";
            for (const s of points) path += (path ? "H" : "M") + Math.max(44, x(s.at)).toFixed(1)
              + (path ? "V" : " ") + y(pick(s)).toFixed(1);
            if (isFilled) path += `V${y(0)}H${Math.max(44, x(points[0].at)).toFixed(1)}Z`;
            add("path", {class: style, d: path});
          };
          line(s => s.connections, "area", true);
          line(s => s.environments, "envs");
          line(s => s.running, "work");
          line(s => s.connections, "all");
          const showsLimit = slots && slots <= top;
          $("limit-key").hidden = !showsLimit;
          if (showsLimit) add("line", {class: "limit", x1: 44, x2: 748, y1: y(slots), y2: y(slots)});
          $("plot").replaceChildren(...parts);
          const latest = seen[seen.length - 1];
          $("plot").setAttribute("aria-label", latest ? `Now ${latest.connections == null ? "unknown connections" : count(latest.connections, "connection")} of `
            + `${count(latest.environments, "environment")}; at most ${Math.max(...seen.map(s => s.connections || 0))} in this time` : "nothing yet");
        }

        function log() {
          const wanted = $("filter").value;
          const seen = events.filter(e => wanted === "all" || e.kind === wanted
            || wanted === "trouble" && isTrouble(e));
          $("events").replaceChildren(...seen.slice(-150).reverse().map(event => {
            const item = make("li", undefined, event.kind);
            const time = make("time", new Date(event.at).toLocaleTimeString([], {hour12: false}));
            item.append(time, make("span", event.environment === undefined ? "" : "#" + event.environment, "who"),
              make("span", event.text));
            return item;
          }));
        }

        function draw() {
          const latest = samples[samples.length - 1];
          const before = samples[Math.max(0, samples.length - 11)];
          const rate = latest && latest.at > before.at ? (latest.finished - before.finished) / (latest.at - before.at) * 1000 : 0;
          $("name").textContent = state.name;
          document.title = `${state.name} · vernal run`;
          put("environments", `${state.environments.length} of ${state.limit}`);
          put("inflight", latest ? latest.inFlight : 0);
          const open = latest && latest.connections !== undefined ? latest.connections : "–";
          put("connections", state.slots ? `${open} of ${state.slots}` : open, state.slots && open >= state.slots);
          put("rate", rate.toFixed(rate < 10 ? 1 : 0));
          put("finished", state.finished);
          put("failed", state.failed, state.failed > 0);
          list();
          plot();
          log();
        }

        async function update() {
          if (isPaused) return;
          const answer = await ask("state?after=" + last);
          if (!answer.ok) throw new Error((await answer.json()).message);
          const news = await answer.json();
          if (news.last < last) { samples = []; events = []; last = 0; return update(); }
          // Two answers may be on their way at once.
          samples = samples.concat(news.samples.filter(one => one.number > last)).slice(-600);
          // What happens all the time does not push out what is worth a look.
          events = events.concat(news.events.filter(one => one.number > last));
          const some = events.filter(isTrouble).slice(-300), others = events.filter(one => !isTrouble(one)).slice(-300);
          events = some.concat(others).sort((one, other) => one.number - other.number);
          state = news;
          last = news.last;
          draw();
        }

        let isLost = false;
        async function turn() {
          try {
            await update();
            if (isLost) { show(""); isLost = false; }
          } catch {
            isLost = true;
            show("vernal run does not answer: it has ended, or is busy.");
          }
          setTimeout(turn, document.hidden || isLost ? 2000 : 700);
        }

        function pause() {
          isPaused = !isPaused;
          $("pause").setAttribute("aria-pressed", isPaused);
          $("pause").textContent = isPaused ? "Go on" : "Pause";
        }
        $("pause").addEventListener("click", pause);
        $("filter").addEventListener("change", () => state && log());
        for (const input of document.querySelectorAll("input[name=span]")) input.addEventListener("change", () => state && plot());
        document.addEventListener("keydown", event => {
          if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select,input")) return;
          if (event.key === "p") pause();
          else if (event.key === "e") $("environments").focus();
          else if (event.key === "l") $("events").focus();
        });
        turn();
        """#
}
