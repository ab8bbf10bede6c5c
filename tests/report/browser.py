"""Drives headless Chromium by chromedriver's WebDriver protocol, with Python's library only."""

import base64
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--no-first-run", "--disable-background-networking", "--window-size=1280,1000"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing():
    """The programs that a browser test lacks."""
    return [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]


class Browser:
    def __init__(self, profile):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        port = None
        for line in self.driver.stdout:
            found = re.search(r"successfully on port (\d+)", line)
            if found:
                port = found[1]
                break
        if port is None:
            raise RuntimeError("chromedriver did not start")
        self.base = f"http://127.0.0.1:{port}"
        options = {"binary": shutil.which("chromium"),
                   "args": [*FLAGS, f"--user-data-dir={profile}"],
                   "perfLoggingPrefs": {"enableNetwork": True}}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = f"/session/{answer['sessionId']}"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from error

    def post(self, path, body):
        return self.call("POST", self.session + path, body)

    def open(self, path):
        """Opens a file; the seconds until its scripts have drawn everything."""
        begin = time.perf_counter()
        self.post("/url", {"url": path.resolve().as_uri()})
        while self.script("return document.documentElement.dataset.ready") != "yes":
            if time.perf_counter() - begin > 60:
                raise RuntimeError("the page never got ready")
            time.sleep(0.02)
        return time.perf_counter() - begin

    def script(self, text, *arguments):
        return self.post("/execute/sync", {"script": text, "args": list(arguments)})

    def element(self, selector):
        return self.post("/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.post(f"/element/{self.element(selector)}/click", {})

    def type(self, selector, keys):
        self.post(f"/element/{self.element(selector)}/value", {"text": keys})

    def choose(self, selector, value):
        """Picks an option as a user would: the page hears `change`."""
        self.script("const box = document.querySelector(arguments[0]); box.value = arguments[1];"
                    "box.dispatchEvent(new Event('change', {bubbles: true}));", selector, value)

    def drag(self, selector, start, end):
        """Presses at `start`, moves to `end`: (x, y) from the middle of the element."""
        origin = {ELEMENT: self.element(selector)}
        self.post("/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [
            {"type": "pointerMove", "duration": 0, "origin": origin, "x": start[0], "y": start[1]},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "duration": 50, "origin": origin, "x": end[0], "y": end[1]},
            {"type": "pointerUp", "button": 0}]}]})

    def dark(self, on):
        self.post("/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]}})

    def accessibility_tree(self):
        return self.post("/goog/cdp/execute",
                         {"cmd": "Accessibility.getFullAXTree", "params": {}})["nodes"]

    def log(self, kind):
        return self.post("/se/log", {"type": kind})

    def requests(self):
        """Every URL that the page asked for since the last call."""
        urls = []
        for entry in self.log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        return urls

    def screenshot(self, path):
        height = self.script("return document.documentElement.scrollHeight")
        self.post("/window/rect", {"width": 1280, "height": min(height + 150, 6000)})
        path.write_bytes(base64.b64decode(self.call("GET", self.session + "/screenshot")))

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait(timeout=20)
            self.driver.stdout.close()
