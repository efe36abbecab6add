"""What every check needs: counting them, comparing, and the mocks' own account of tokens."""

import argparse
import json
import urllib.request


class Usage:
    """The mocks' own account, summed over all that may have answered."""

    def __init__(self, urls):
        self.urls = [url.rstrip("/") for url in urls]

    def now(self, *counters):
        totals = [0] * len(counters)
        for url in self.urls:
            with urllib.request.urlopen(url + "/__stats", timeout=10) as answer:
                stats = json.load(answer)
            totals = [total + stats[name] for total, name in zip(totals, counters)]
        return totals

    def over(self, call, *counters):
        """What a call returns, and what it added to the mocks' counters."""
        before = self.now(*counters)
        result = call()
        after = self.now(*counters)
        return result, tuple(late - early for late, early in zip(after, before))

    def of(self, call):
        """What a call returns, and what the mocks say it used."""
        return self.over(call, "prompt_tokens", "completion_tokens")

    def proofs(self, call):
        """What a call returns, and how often the mocks found in it what they had signed."""
        result, (proofs,) = self.over(call, "proofs")
        return result, proofs


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def run(self, name, check):
        try:
            check()
        except Exception as error:  # noqa: BLE001 - a check fails however it fails
            self.failed += 1
            text = " ".join(str(error).split())[:400]
            print(f"FAIL {name}: {type(error).__name__}: {text}", flush=True)
        else:
            self.passed += 1
            print(f"ok   {name}", flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


class Reply:
    """What every dialect says, in one shape, and as the SDK has `said` it."""

    def __init__(self, text, calls, finish, usage, thought="", said=None):
        self.text = text
        self.calls = calls
        self.finish = finish
        self.usage = usage
        self.thought = thought
        self.said = said

    def plain(self):
        calls = [(name, arguments) for _, name, arguments in self.calls]
        return self.text, calls, self.finish, self.usage, self.thought


def options(doc):
    """What the driver of a framework is told."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--base-url", required=True, help="the gateway, without a path")
    parser.add_argument("--key", default="demo")
    parser.add_argument("--stats", metavar="URL", required=True, help="the mock's address")
    return parser.parse_args()


def same(got, expected, what):
    if got != expected:
        raise AssertionError(f"{what}: {got!r} is not {expected!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)
