"""Files of results, with the faults that such files have had in the wild."""

import json

ODD = {
    "nan": b"NaN",
    "huge_number": b"1e400",
    "invalid_utf8": b'"\xff\xfe\xc3\x28"',
}


def render(lines, faults):
    """The bytes of a file of result lines. `lines`: objects with a custom_id, in the order in which they are to be."""
    if not lines:
        return b""
    lines = _spoil_ids(list(lines), faults)
    written = [json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") for line in lines]
    end = b"\n"
    for fault in faults:
        kind = fault["kind"]
        for index in range(min(fault.get("lines", 1), len(written))):
            member = _odd_member(fault)
            if member is not None:
                written[index] = b"{" + member + b"," + written[index][1:]
        if kind == "blank_lines":
            written = [part for line in written for part in (line, b"", b"   ")]
        elif kind == "crlf":
            end = b"\r\n"
        elif kind == "truncated_last_line":
            written[-1] = written[-1][:len(written[-1]) // 2]
    content = end.join(written)
    if not any(fault["kind"] == "truncated_last_line" for fault in faults):
        content += end
    if any(fault["kind"] == "bom" for fault in faults):
        content = b"\xef\xbb\xbf" + content
    return content


def missing(custom_ids, faults):
    """Those that get no line: (those not even executed, those executed all the same)."""
    found = {False: set(), True: set()}
    for fault in faults:
        if fault["kind"] == "missing_ids":
            found[fault.get("executed", False)].update(custom_ids[:_count(fault, custom_ids)])
    return found[False], found[True]


def _spoil_ids(lines, faults):
    for fault in faults:
        kind = fault["kind"]
        if kind == "unknown_ids":
            for number in range(fault.get("count", 1)):
                lines.append({**lines[number % len(lines)], "custom_id": fault.get("custom_id", f"unknown-{number}")})
        elif kind == "duplicate_ids":
            again = [dict(line) for line in lines[:_count(fault, lines)]]
            if fault.get("other_body", False):
                again = [{**other, "custom_id": line["custom_id"]} for line, other in zip(again, lines[1:] + lines[:1])]
            lines += again
        elif kind == "shuffled_ids":
            hit = lines[:max(2, _count(fault, lines))]
            ids = [line["custom_id"] for line in hit]
            lines[:len(hit)] = [{**line, "custom_id": name} for line, name in zip(hit, ids[1:] + ids[:1])]
    return lines


def _count(fault, things):
    """How many: `count`, or `share` of them, or all."""
    return min(len(things), fault.get("count", round(fault.get("share", 1) * len(things))))


def _odd_member(fault):
    kind = fault["kind"]
    if kind in ODD:
        return b'"odd":' + ODD[kind]
    if kind == "duplicate_keys":
        return b'"custom_id":' + json.dumps(fault.get("custom_id", "somebody-else")).encode()
    if kind == "deep_nesting":
        depth = fault.get("depth", 10_000)
        return b'"odd":' + b"[" * depth + b"]" * depth
    if kind == "long_line":
        return b'"odd":"' + b"x" * (fault.get("megabytes", 50) * 1_000_000) + b'"'
    return None
