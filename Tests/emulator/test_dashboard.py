"""`vernal run --dashboard` in a browser: what it shows, with the keyboard, in the dark, on a phone."""
import http.client
import unittest

from browser import Browser
from harness import USERS, Emulator, wait_for

PATH = "/_vernal/dashboard"

# How strongly a text stands out against what is behind it (WCAG), for all texts that can be seen; the weakest.
WEAKEST = """(() => {
  const part = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const numbers = text => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = e => { for (; e; e = e.parentElement) {
    const c = numbers(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
  let weakest = 99;
  for (const e of document.querySelectorAll("h1,h2,dt,dd,p,li span,li b,button:enabled,label,time")) {
    if (!e.offsetParent || !e.textContent.trim()) continue;
    const [a, b] = [light(numbers(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    weakest = Math.min(weakest, (a + 0.05) / (b + 0.05));
  }
  return weakest;
})()"""


class Dashboard(unittest.TestCase):
    def test_it_shows_environments_connections_and_events_and_asks_nobody_else(self):
        with Emulator("-n", "4", "--freeze", "--dashboard", program=(USERS,), database=True) as emulator:
            for _ in range(3):
                self.assertEqual(emulator.request("GET", "/users")[0].status, 200)
            with Browser() as page:
                page.open(emulator.url + PATH)
                page.wait_for("document.querySelector('#list li[data-state=frozen]')")
                page.wait_for("document.getElementById('connections-value').textContent === '1 of 97'")
                self.assertEqual(page.value("document.getElementById('finished-value').textContent"), "3")
                self.assertEqual(page.value("document.getElementById('name').textContent"), "users-function")
                self.assertRegex(page.value("document.querySelector('#list .facts').textContent"), "3 invocations · .*1 connection$")
                events = page.value("[...document.querySelectorAll('#events li')].map(e => e.textContent).join('|')")
                self.assertIn("starting", events)
                self.assertEqual(events.count("answered in"), 3)
                page.wait_for("document.querySelector('#plot path.all')")
                self.assertRegex(page.value("document.getElementById('plot').getAttribute('aria-label')"), "1 connection of 1")
                # What changes is shown without a new page.
                emulator.request("GET", "/users")
                page.wait_for("document.getElementById('finished-value').textContent === '4'")
                page.screenshot("desktop")
                self.assertEqual(page.complaints, [])
                self.assertEqual({url.split("/_vernal")[0] for url in page.asked if not url.startswith("data:")}, {emulator.url})

    def test_it_can_be_used_with_the_keyboard_alone(self):
        with Emulator("-n", "2", "--dashboard") as emulator, Browser() as page:
            emulator.invoke({})
            page.open(emulator.url + PATH)
            page.wait_for("document.querySelector('#list li[data-state=idle]')")
            page.press("p")
            self.assertEqual(page.value("document.getElementById('pause').getAttribute('aria-pressed')"), "true")
            page.press("p")
            page.press("e")
            self.assertEqual(page.value("document.activeElement.id"), "environments")
            # From there: freeze, thaw (which cannot be done yet, and is passed over), end, kill.
            page.press("Tab")
            self.assertEqual(page.value("document.activeElement.getAttribute('aria-label')"), "Freeze environment 1")
            page.press("Enter")
            page.wait_for("document.querySelector('#list li[data-state=frozen]')")
            self.assertEqual(emulator.ps()[0]["state"], "frozen")
            # The focus has stayed, although the list was drawn anew.
            self.assertEqual(page.value("document.activeElement.dataset.verb"), "freeze")
            self.assertNotEqual(page.value("getComputedStyle(document.activeElement).outlineStyle"), "none")
            page.press("Tab")
            self.assertEqual(page.value("document.activeElement.dataset.verb"), "thaw")
            page.press(" ")
            page.wait_for("document.querySelector('#list li[data-state=idle]')")
            for _ in range(2):
                page.press("Tab")
            self.assertEqual(page.value("document.activeElement.dataset.verb"), "kill")
            page.press("Enter")
            page.wait_for("document.querySelectorAll('#list li').length === 0")
            self.assertTrue(wait_for(lambda: emulator.ps() == []))
            self.assertEqual(page.value("document.activeElement.id"), "environments")
            page.press("l")
            self.assertEqual(page.value("document.activeElement.id"), "events")
            self.assertEqual(page.complaints, [])

    def test_what_cannot_be_done_is_said(self):
        with Emulator("-n", "1", "--dashboard") as emulator, Browser() as page:
            emulator.invoke({})
            page.open(emulator.url + PATH)
            page.wait_for("document.querySelector('#list li[data-state=idle]')")
            # So that the page does not see what happens meanwhile.
            page.press("p")
            emulator.order("environments/1/kill")
            self.assertTrue(wait_for(lambda: emulator.ps() == []))
            page.value("document.querySelector('[data-verb=freeze]').focus()")
            page.press("Enter")
            page.wait_for("document.getElementById('banner').textContent.includes('there is no environment 1')")

    def test_it_fits_a_phone_and_can_be_read_in_the_dark(self):
        for is_phone, is_dark in ((True, True), (True, False), (False, True), (False, False)):
            with Emulator("-n", "6", "--dashboard", "--name", "a-function-with-a-rather-long-name-for-such-a-screen") as emulator:
                width = 390 if is_phone else 1280
                with Browser(width, 844 if is_phone else 900, is_phone, is_dark) as page:
                    for _ in range(3):
                        emulator.invoke({})
                    page.open(emulator.url + PATH)
                    page.wait_for("document.querySelector('#list li') && document.querySelector('#events li')")
                    self.assertEqual(page.value("innerWidth"), width)
                    self.assertLessEqual(page.value("document.documentElement.scrollWidth"), width)
                    self.assertGreaterEqual(page.value(WEAKEST), 4.5, (is_phone, is_dark))
                    ground = page.value("getComputedStyle(document.body).backgroundColor")
                    self.assertEqual(sum(map(int, ground[4:-1].split(","))) < 200, is_dark, ground)
                    if is_phone:
                        self.assertGreaterEqual(page.value("document.querySelector('#list button').offsetHeight"), 44)
                    page.screenshot(("phone" if is_phone else "wide") + ("-dark" if is_dark else "-light"))

    def test_what_a_function_is_called_and_says_is_no_markup(self):
        name = "<img src=x onerror=document.title=1>"
        with Emulator("--dashboard", "--name", name) as emulator, Browser() as page:
            emulator.invoke({})
            page.open(emulator.url + PATH)
            page.wait_for("document.querySelector('#list li')")
            self.assertEqual(page.value("document.getElementById('name').textContent"), name)
            self.assertEqual(page.value("document.images.length"), 0)

    def test_it_says_when_the_emulator_has_ended(self):
        with Browser() as page:
            with Emulator("--dashboard") as emulator:
                page.open(emulator.url + PATH)
                page.wait_for("document.getElementById('environments-value').textContent.startsWith('0 of')")
            page.wait_for("document.getElementById('banner').textContent.includes('does not answer')")
            self.assertFalse(page.value("document.getElementById('banner').hidden"))

    def test_only_who_may_gets_it(self):
        def get(emulator, path, headers):
            connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=10)
            connection.putrequest("GET", path, skip_host=True)
            for header, value in headers.items():
                connection.putheader(header, value)
            connection.endheaders()
            status = connection.getresponse().status
            connection.close()
            return status

        with Emulator("--dashboard") as emulator:
            own = {"Host": f"127.0.0.1:{emulator.port}"}
            self.assertEqual(get(emulator, PATH, own), 200)
            self.assertEqual(get(emulator, PATH, {"Host": "localhost"}), 200)
            # A name of somebody else's that was made to lead here.
            self.assertEqual(get(emulator, PATH, {"Host": f"evil.example:{emulator.port}"}), 403)
            self.assertEqual(get(emulator, "/_vernal/state", {"Host": "127.0.0.1.evil.example", "X-Vernal": "1"}), 403)
            self.assertEqual(get(emulator, "/_vernal/environments", {"Host": "evil.example", "X-Vernal": "1"}), 403)
            # A page of somebody else's cannot send the field.
            self.assertEqual(get(emulator, "/_vernal/state", own), 403)
            self.assertEqual(get(emulator, "/_vernal/state", own | {"X-Vernal": "1"}), 200)
        with Emulator() as emulator:
            own = {"Host": f"127.0.0.1:{emulator.port}", "X-Vernal": "1"}
            self.assertEqual(get(emulator, PATH, own), 404)
            self.assertEqual(get(emulator, "/_vernal/state", own), 404)


if __name__ == "__main__":
    unittest.main()
