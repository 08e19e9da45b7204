"""Reads the XML that answers a webhook, and says in words what Plivo would do."""

import xml.etree.ElementTree as ElementTree


class NotPlivoXml(Exception):
    """Plivo would drop the call on this answer."""


def parse(text):
    """The Response element."""
    try:
        response = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise NotPlivoXml(f"not XML: {error}") from error
    if response.tag != "Response":
        raise NotPlivoXml(f"the root is {response.tag}, not Response")
    return response


def indented(response):
    """The XML for people to read."""
    ElementTree.indent(response)
    return ElementTree.tostring(response, encoding="unicode")


def _who_rings(dial):
    numbers = [(number.text or "").strip() for number in dial.findall("Number")]
    caller_id = dial.get("callerId")
    seen = f"sees {caller_id}" if caller_id else "sees the caller's own number: NOT MASKED"
    verb = "rings" if len(numbers) == 1 else "ring"
    return f"{' and '.join(numbers) or 'nobody'} {verb}, {seen}"


def in_words(response):
    """One line, such as "14156667778 rings, sees 14155550100"."""
    heard = [
        f'"{" ".join((element.text or "").split())}"'
        for element in response.iter()
        if element.tag in ("Speak", "Play")
    ]
    hears = f"the caller hears: {', '.join(heard)}" if heard else "the caller hears nothing"
    dials = [_who_rings(dial) for dial in response.findall("Dial")]
    if not dials:
        return f"nobody rings; {hears}"
    return "; ".join(dials + ([hears] if heard else []))
