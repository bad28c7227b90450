"""What the vendors refuse in the body of a request, in their words."""

from typing import NamedTuple

OPENAI_PARAMETERS = {
    "/v1/chat/completions": set(
        "audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages "
        "metadata modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key "
        "prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier "
        "stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity "
        "web_search_options".split()),
    "/v1/responses": set(
        "access_programs background context_management conversation image include input instructions max_output_tokens "
        "max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key "
        "prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options "
        "temperature text tool_choice tools top_logprobs top_p truncation user".split()),
    "/v1/embeddings": set("dimensions encoding_format input model user".split()),
}
ANTHROPIC_PARAMETERS = set(
    "cache_control container context_management diagnostics inference_geo max_tokens mcp_servers messages metadata model "
    "output_config service_tier speed stop_sequences stream system temperature thinking tool_choice tools top_k top_p "
    "user_profile_id workspace_id".split())
# name: (lowest, highest, only integers); of max_output_tokens the real API takes no fewer than 16
OPENAI_RANGES = {
    "temperature": (0, 2, False), "top_p": (0, 1, False), "n": (1, 128, True), "max_tokens": (1, None, True),
    "max_completion_tokens": (1, None, True), "max_output_tokens": (16, None, True), "dimensions": (1, 4096, True),
    "frequency_penalty": (-2, 2, False), "presence_penalty": (-2, 2, False),
}
CHAT_ROLES = ("developer", "system", "user", "assistant", "tool", "function")
EMBEDDING_INPUTS = 2048


class Refusal(NamedTuple):
    status: int
    message: str
    param: str | None = None
    code: str | None = None


def openai_refusal(path, body, models):
    """The first fault of a request to an endpoint of OpenAI, or None. models: those there are, None for any."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        return Refusal(400, "you must provide a model parameter")
    for name in sorted(set(body) - OPENAI_PARAMETERS[path]):
        return Refusal(400, f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    for name, (low, high, integer) in OPENAI_RANGES.items():
        refusal = _out_of_range(name, body.get(name), low, high, integer)
        if refusal:
            return refusal
    if models is not None and model not in models:
        return Refusal(404, f"The model `{model}` does not exist or you do not have access to it.", None, "model_not_found")
    if body.get("stream"):
        return Refusal(400, "This simulator does not stream.", "stream", "unsupported_value")
    if path == "/v1/chat/completions":
        return _chat_refusal(body)
    given = body.get("input")
    if given is None:
        return Refusal(400, "Missing required parameter: 'input'.", "input", "missing_required_parameter")
    if not isinstance(given, (str, list)) or (path == "/v1/embeddings" and not given):
        return Refusal(400, "Invalid type for 'input': expected a string or an array.", "input", "invalid_type")
    if path == "/v1/embeddings" and isinstance(given, list) and len(given) > EMBEDDING_INPUTS:
        return Refusal(400, f"Invalid 'input': array too long. Expected at most {EMBEDDING_INPUTS}.", "input",
                       "array_above_max_length")
    if path == "/v1/embeddings" and not _embeddable(given):
        return Refusal(400, "'$.input' is invalid.", "input", "invalid_type")
    if path == "/v1/responses" and isinstance(given, list):
        for index, message in enumerate(given):
            if not isinstance(message, dict) or not ("role" in message or "type" in message):
                return Refusal(400, f"Invalid type for 'input[{index}]'.", f"input[{index}]", "invalid_type")
    return None


def _embeddable(given):
    """A text, tokens, or a list of texts or of tokens; none of them empty."""
    def tokens(value):
        return isinstance(value, list) and value and all(isinstance(token, int) for token in value)
    return bool(given) and (isinstance(given, str) or tokens(given) or all(
        (isinstance(value, str) and value) or tokens(value) for value in given))


def _chat_refusal(body):
    messages = body.get("messages")
    if messages is None:
        return Refusal(400, "Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    if not isinstance(messages, list) or not messages:
        return Refusal(400, "Invalid 'messages': empty array. Expected an array with minimum length 1.", "messages",
                       "empty_array")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in CHAT_ROLES:
            return Refusal(400, f"Invalid value for 'messages[{index}].role'.", f"messages[{index}].role", "invalid_value")
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        return Refusal(400, "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
                       "max_tokens", "invalid_parameter_combination")
    return None


def _out_of_range(name, value, low, high, integer):
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int if integer else (int, float)):
        kind = "an integer" if integer else "a decimal"
        return Refusal(400, f"Invalid type for '{name}': expected {kind}.", name, "invalid_type")
    kind = "integer" if integer else "decimal"
    if value < low:
        return Refusal(400, f"Invalid '{name}': {kind} below minimum value. Expected a value >= {low}, but got {value} "
                            "instead.", name, f"{kind}_below_min_value")
    if high is not None and value > high:
        return Refusal(400, f"Invalid '{name}': {kind} above maximum value. Expected a value <= {high}, but got {value} "
                            "instead.", name, f"{kind}_above_max_value")
    return None


def anthropic_refusal(body, models, in_batch):
    """The same for the params of a message."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        return Refusal(400, "model: Field required")
    for name in ("max_tokens", "messages"):
        if name not in body:
            return Refusal(400, f"{name}: Field required")
    for name in sorted(set(body) - ANTHROPIC_PARAMETERS):
        return Refusal(400, f"{name}: Extra inputs are not permitted")
    cap = body["max_tokens"]
    if isinstance(cap, bool) or not isinstance(cap, int):
        return Refusal(400, "max_tokens: Input should be a valid integer")
    if cap < 1:
        return Refusal(400, "max_tokens: Input should be greater than or equal to 1")
    for name in ("temperature", "top_p"):
        value = body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1):
            return Refusal(400, f"{name}: Input should be a number from 0 to 1")
    if models is not None and model not in models:
        return Refusal(404, f"model: {model}")
    if in_batch and (body.get("stream") or "speed" in body):
        return Refusal(400, "stream, speed: not supported in a batch")
    if body.get("stream"):
        return Refusal(400, "stream: this simulator does not stream")
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        return Refusal(400, "messages: at least one message is required")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant", "system"):
            return Refusal(400, f"messages.{index}.role: Input should be 'user', 'assistant' or 'system'")
        if not message.get("content") or not isinstance(message["content"], (str, list)):
            return Refusal(400, f"messages.{index}: all messages must have non-empty content")
    return None
