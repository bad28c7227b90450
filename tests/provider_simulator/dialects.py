"""The four shapes of requests and answers: chat, responses, embeddings, Anthropic's messages."""

import array
import base64
import json
import time

from provider_simulator.answers import Prompt, embedding, texts_of, tokens

EMBEDDING_DIMENSIONS = 8


def prompt_of(path, body):
    """What a request asks, whatever is wrong with it."""
    body = body if isinstance(body, dict) else {}
    if path == "/v1/embeddings":
        return Prompt(json.dumps(body.get("input")), "")
    given = body.get("input") if path == "/v1/responses" else body.get("messages")
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    messages = [message for message in messages if isinstance(message, dict)] if isinstance(messages, list) else []
    system = texts_of(body.get("instructions" if path == "/v1/responses" else "system"))
    all_texts = system + [text for message in messages for text in texts_of(message.get("content"))]
    users = [message for message in messages if message.get("role") == "user"]
    wants_json, schema = _format(path, body)
    cap = _first(body, "max_completion_tokens", "max_tokens", "max_output_tokens")
    return Prompt("\n".join(all_texts), "\n".join(texts_of(users[-1].get("content"))) if users else "",
                  cap if isinstance(cap, int) else None, wants_json, schema, _forced_tool(body))


def answer_body(path, reply, request_id, in_batch, copies=1):
    if path == "/v1/chat/completions":
        return _chat(reply, request_id, copies)
    if path == "/v1/responses":
        return _response(reply, request_id)
    return _message(reply, request_id, in_batch)


def embeddings_body(body):
    given = body["input"]
    inputs = given if isinstance(given, list) and given and not isinstance(given[0], int) else [given]
    vectors = [embedding(value, body.get("dimensions") or EMBEDDING_DIMENSIONS) for value in inputs]
    if body.get("encoding_format") == "base64":
        vectors = [base64.b64encode(array.array("f", vector).tobytes()).decode() for vector in vectors]
    taken = sum(tokens(value) if isinstance(value, str) else len(value) for value in inputs)
    return {"object": "list", "model": body["model"],
            "data": [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)],
            "usage": {"prompt_tokens": taken, "total_tokens": taken}}


def _first(body, *names):
    return next((body[name] for name in names if body.get(name) is not None), None)


def _format(path, body):
    """(wants JSON, its schema or None)"""
    holder, name = {"/v1/responses": ("text", "format"), "/v1/messages": ("output_config", "format")}.get(
        path, (None, "response_format"))
    wanted = body.get(holder) if holder else body
    wanted = wanted.get(name) if isinstance(wanted, dict) else None
    if not isinstance(wanted, dict) or wanted.get("type") not in ("json_object", "json_schema"):
        return False, None
    nested = wanted.get("json_schema")
    schema = nested.get("schema") if isinstance(nested, dict) else wanted.get("schema")
    return True, schema if isinstance(schema, dict) else None


def _forced_tool(body):
    """The name of the tool that the request insists on."""
    choice, tools = body.get("tool_choice"), body.get("tools")
    if isinstance(choice, dict):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, dict) else choice.get("name")
        if name:
            return name
        choice = "required" if choice.get("type") == "any" else None
    if choice != "required" or not isinstance(tools, list) or not tools or not isinstance(tools[0], dict):
        return None
    function = tools[0].get("function")
    return (function if isinstance(function, dict) else tools[0]).get("name")


def _chat(reply, request_id, copies):
    message = {"role": "assistant", "content": reply.text, "refusal": None, "annotations": []}
    if reply.finish == "tool":
        name, arguments = reply.tool
        message.update(content=None, tool_calls=[{"id": "call_" + request_id[4:], "type": "function", "function": {
            "name": name, "arguments": json.dumps(arguments)}}])
    elif reply.finish == "refusal":
        message.update(content=None, refusal=reply.text)
    reason = {"tool": "tool_calls", "length": "length", "content_filter": "content_filter"}.get(reply.finish, "stop")
    given = reply.output_tokens * copies
    return {"id": "chatcmpl-" + request_id[4:], "object": "chat.completion", "created": int(time.time()),
            "model": reply.model,
            "choices": [{"index": index, "message": message, "logprobs": None, "finish_reason": reason}
                        for index in range(copies)],
            "usage": {"prompt_tokens": reply.input_tokens, "completion_tokens": given,
                      "total_tokens": reply.input_tokens + given,
                      "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0, "audio_tokens": 0},
                      "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}},
            "service_tier": "default", "system_fingerprint": None}


def _response(reply, request_id):
    name = request_id[4:]
    part = ({"type": "refusal", "refusal": reply.text} if reply.finish == "refusal" else
            {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []})
    cause = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(reply.finish)
    status = "incomplete" if cause else "completed"
    output = [{"id": "msg_" + name, "type": "message", "role": "assistant", "status": status, "content": [part]}]
    if reply.finish == "tool":
        tool, arguments = reply.tool
        output = [{"id": "fc_" + name, "type": "function_call", "call_id": "call_" + name, "name": tool,
                   "arguments": json.dumps(arguments), "status": "completed"}]
    return {"id": "resp_" + name, "object": "response", "created_at": int(time.time()), "status": status, "error": None,
            "incomplete_details": {"reason": cause} if cause else None, "instructions": None, "metadata": {},
            "model": reply.model, "output": output, "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto",
            "tools": [], "top_p": 1.0,
            "usage": {"input_tokens": reply.input_tokens,
                      "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                      "output_tokens": reply.output_tokens, "output_tokens_details": {"reasoning_tokens": 0},
                      "total_tokens": reply.input_tokens + reply.output_tokens}}


def failed_response(fault, model, request_id):
    """A call of /v1/responses that ended with HTTP 200 and a failure."""
    return {"id": "resp_" + request_id[4:], "object": "response", "created_at": int(time.time()), "status": "failed",
            "error": {"code": fault.get("code", "server_error"), "message": fault.get("message", "The model failed.")},
            "incomplete_details": None, "instructions": None, "metadata": {}, "model": model, "output": [],
            "parallel_tool_calls": True, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
            "usage": None}


def _message(reply, request_id, in_batch):
    content = [{"type": "text", "text": reply.text, "citations": None}] if reply.text else []
    if reply.finish == "tool":
        name, arguments = reply.tool
        content.append({"type": "tool_use", "id": "toolu_" + request_id[4:], "name": name, "input": arguments})
    reason = {"tool": "tool_use", "length": "max_tokens", "refusal": "refusal", "content_filter": "refusal",
              "pause": "pause_turn"}.get(reply.finish, "end_turn")
    return {"id": "msg_" + request_id[4:], "type": "message", "role": "assistant", "model": reply.model,
            "content": content, "stop_reason": reason, "stop_sequence": None, "stop_details": None, "container": None,
            "usage": {"input_tokens": reply.input_tokens, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                      "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                      "output_tokens": reply.output_tokens, "output_tokens_details": {"thinking_tokens": 0},
                      "service_tier": "batch" if in_batch else "standard"}}
