"""Carries out one item, of a batch or of a call: validates it, lets the model answer, commits its faults."""

import itertools

from provider_simulator import answers, dialects, fault_answers, item_faults, validation
from provider_simulator.batch import Item, Outcome
from provider_simulator.faults import Thing


class Executor:
    """Of one vendor. Callers hold the simulator's lock."""

    def __init__(self, vendor, script, log):
        self._vendor, self._script, self._log = vendor, script, log
        self._numbers = itertools.count(1)

    def perform(self, item, via, source):
        """via: batch or call. source: the id of the batch or of the call's own request."""
        request_id = source if via == "call" else f"req_b{next(self._numbers):011x}"
        outcome = self._outcome(item, via, request_id)
        self._log.executed(self._vendor, source, outcome)
        return outcome

    def _outcome(self, item, via, request_id):
        refusal = self._refusal(item, via)
        if refusal is not None:
            return Outcome(item, refusal.status, self._refusal_body(refusal, request_id), False)
        faults = self._script.on_item(Thing(self._vendor, "POST", item.path, [item], via, item.digest))
        for fault in faults:
            if fault["kind"] == "item_error":
                status, body = fault_answers.error_of(fault, self._vendor, request_id)
                return Outcome(item, status, body, False)
            if fault["kind"] == "failed_response" and item.path == "/v1/responses":
                return Outcome(item, 200, dialects.failed_response(fault, item.model, request_id), False)
        if item.path == "/v1/embeddings":
            body = dialects.embeddings_body(item.body)
            taken, given, cap = body["usage"]["prompt_tokens"], 0, None
            item_faults.spoil_embeddings(body, faults)
        else:
            prompt = dialects.prompt_of(item.path, item.body)
            reply = answers.reply_to(prompt, item.model)
            item_faults.spoil_reply(reply, faults)
            copies = item.body.get("n") or 1 if item.path == "/v1/chat/completions" else 1
            body = dialects.answer_body(item.path, reply, request_id, via == "batch", copies)
            taken, given, cap = reply.input_tokens, reply.output_tokens * copies, prompt.cap
        item_faults.spoil_body(body, faults, cap)
        return Outcome(item, 200, body, True, taken, given)

    def _refusal(self, item, via):
        models = self._script.settings["models"]
        if self._vendor == "anthropic":
            return validation.anthropic_refusal(item.body, models, via == "batch")
        return validation.openai_refusal(item.path, item.body, models)

    def _refusal_body(self, refusal, request_id):
        if self._vendor == "anthropic":
            return fault_answers.anthropic_error(refusal.status, refusal.message, request_id)
        return fault_answers.openai_error(refusal.status, refusal.message, "invalid_request_error", refusal.code,
                                          refusal.param)


def item_of(custom_id, path, body):
    body = body if isinstance(body, dict) else {}
    prompt = dialects.prompt_of(path, body)
    custom_id = custom_id if isinstance(custom_id, str) else None
    return Item(custom_id, path, body, body.get("model"), prompt.text, prompt.digest)
