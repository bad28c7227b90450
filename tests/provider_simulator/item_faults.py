"""Faults of single answers: what the model says, what it is said to have cost."""

from provider_simulator.answers import cut

USAGE_FIELDS = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))


def spoil_reply(reply, faults):
    """Before it is written in the vendor's shape."""
    for fault in faults:
        kind = fault["kind"]
        if kind == "empty_output":
            reply.text = ""
        elif kind == "refusal":
            reply.text, reply.finish = fault.get("text", "I'm sorry, but I can't help with that."), "refusal"
        elif kind == "content_filter":
            reply.text, reply.finish = "", "content_filter"
        elif kind == "truncated":
            cut(reply, max(1, reply.output_tokens // 2))
        elif kind == "pause":
            reply.finish = "pause"
        elif kind == "tool_call":
            reply.text, reply.finish = "", "tool"
            reply.tool = (fault.get("tool", "look_up"), fault.get("arguments", {"subject": "amber"}))
        elif kind == "text":
            reply.text = fault["text"]
        elif kind == "wrong_model":
            reply.model = fault.get("model", "another-model")


def spoil_embeddings(body, faults):
    for fault in faults:
        if fault["kind"] == "empty_output":
            body["data"] = []
        elif fault["kind"] == "wrong_model":
            body["model"] = fault.get("model", "another-model")


def spoil_body(body, faults, cap):
    """After that: the usage."""
    for fault in faults:
        if fault["kind"] == "usage":
            _spoil_usage(body, fault, cap)


def _spoil_usage(body, fault, cap):
    """value: missing, over_cap, swapped, sum_differs. Or set: what takes the place of field: input, output, both, all."""
    value = fault.get("value")
    if value == "missing" or not isinstance(body.get("usage"), dict):
        body.pop("usage", None)
        return
    usage = body["usage"]
    names = next(names for names in USAGE_FIELDS if names[0] in usage)
    taken, given = names
    if value == "swapped" and given in usage:
        usage[taken], usage[given] = usage[given], usage[taken]
    elif value == "sum_differs":
        usage["total_tokens"] = usage.get("total_tokens", 0) + 7
    elif value == "over_cap":
        usage[given] = (cap or 100_000) + 1_000
        if "total_tokens" in usage:
            usage["total_tokens"] = usage[taken] + usage[given]
    elif "set" in fault:
        field = fault.get("field", "both")
        if field == "all":
            body["usage"] = fault["set"]
        for side, name in (("input", taken), ("output", given)):
            if field in (side, "both") and name in usage:
                usage[name] = fault["set"]
