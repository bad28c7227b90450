"""schemas/openapi.yaml as what the service hands out: as JSON, or as one page of HTML without anything from elsewhere.

openapi.py json|page FILE: to standard output. Needs Debian's python3-yaml. CMake runs it.
"""

import html
import json
import re
import shlex
import sys

import yaml

METHODS = ("get", "post", "put", "patch", "delete")
STYLE = """
:root { --ink: #1c2430; --faint: #5b6675; --line: #dfe4ea; --code: #f4f6f8; --accent: #0b6b57; color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); font: 16px/1.55 system-ui, sans-serif; display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem 1rem; border-right: 1px solid var(--line); font-size: .82rem; }
nav b { display: block; margin-top: 1rem; } nav a { display: block; color: var(--faint); overflow-wrap: anywhere; }
main { padding: 2rem 3rem 6rem; max-width: 62rem; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { margin: 0 0 .5rem; } h2 { margin: 4rem 0 .5rem; border-bottom: 2px solid var(--line); } h3 { margin: 3rem 0 .25rem; font-size: 1.1rem; }
h4 { margin: 1.25rem 0 .25rem; font-size: .85rem; color: var(--faint); text-transform: uppercase; letter-spacing: .04em; }
code, pre { font: .86em/1.5 ui-monospace, monospace; background: var(--code); border-radius: 4px; } code { padding: .1em .3em; overflow-wrap: anywhere; }
pre { padding: .8rem 1rem; overflow: auto; } pre code { padding: 0; }
.method { display: inline-block; min-width: 4.2rem; color: var(--accent); font-weight: 700; }
.path { font-family: ui-monospace, monospace; overflow-wrap: anywhere; } .who { color: var(--faint); font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; } td { padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); vertical-align: top; }
td:first-child { white-space: nowrap; font-family: ui-monospace, monospace; } td:nth-child(2) { color: var(--faint); } .star { color: #b3261e; }
@media (max-width: 60rem) { body { display: block; } nav { display: none; } main { padding: 1rem; } td:first-child { white-space: normal; } }
"""


class Page:
    def __init__(self, document):
        self.document = document
        self.base = document["servers"][0]["url"]

    def resolve(self, part):
        while "$ref" in part:
            target = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            part = {**target, **{name: value for name, value in part.items() if name != "$ref"}}
        return part

    def render(self):
        info = self.document["info"]
        groups = {tag["name"]: [] for tag in self.document["tags"]}
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    groups[item[method]["tags"][0]].append((method, path, item[method]))
        menu, body = [], []
        for tag in self.document["tags"]:
            menu.append(f'<b>{escape(tag["name"])}</b>')
            body.append(f'<h2>{escape(tag["name"])}</h2>{prose(tag["description"])}')
            for method, path, operation in groups[tag["name"]]:
                menu.append(f'<a href="#{operation["operationId"]}">{escape(operation["summary"])}</a>')
                body.append(self.operation(method, path, operation))
        body.append("<h2>Shapes</h2>")
        for name, schema in self.document["components"]["schemas"].items():
            text = self.fields(schema) or f"<p>{self.type_of(schema)}</p>"
            body.append(f'<h3 id="{name}">{name}</h3>{prose(schema.get("description", ""))}{text}')
        title = escape(f"{info['title']} API {info['version']}")
        anywhere = self.document["components"]["responses"]["Anywhere"]["description"]
        return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
                f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
                f'<nav><a href="#top"><b>{title}</b></a>{"".join(menu)}<b>Shapes</b></nav><main id="top"><h1>{title}</h1>'
                f'<p class="who">{escape(self.base)} · <a href="/v1/openapi.json">openapi.json</a> · '
                f'<a href="/v1/runtime">what this deployment can do</a></p>'
                f'{prose(info["description"])}{prose(anywhere)}{"".join(body)}</main></body></html>\n')

    def operation(self, method, path, operation):
        security = operation.get("security", self.document["security"])
        who = "No credentials are needed." if not security else (
            "Credentials are looked at." if {} in security else
            "For operators." if {"operator": []} in security else "Needs an API key or a session.")
        text = (f'<h3 id="{operation["operationId"]}"><span class="method">{method.upper()}</span> '
                f'<span class="path">{escape(path)}</span></h3><p><b>{escape(operation["summary"])}.</b> '
                f'<span class="who">{who}</span></p>{prose(operation.get("description", ""))}')
        parameters = [self.resolve(one) for one in operation.get("parameters", [])]
        if parameters:
            rows = "".join(self.row(one["name"], {**one["schema"], "description": one.get("description", "")},
                                    one.get("required", False), f'{one["in"]}, ') for one in parameters)
            text += f"<h4>Parameters</h4><table>{rows}</table>"
        body = self.resolve(operation["requestBody"]) if "requestBody" in operation else None
        if body:
            for kind, media in body["content"].items():
                fields = self.fields(self.resolve(media["schema"])) or f"<p>{self.type_of(media['schema'])}</p>"
                text += f"<h4>Body · {escape(kind)}</h4>{fields}"
        text += f"<h4>Example</h4><pre><code>{escape(self.curl(method, path, security, parameters, body))}</code></pre>"
        return text + "<h4>Answers</h4>" + self.answers(operation["responses"])

    def answers(self, responses):
        rows, shapes = [], []
        for status, response in responses.items():
            response = self.resolve(response)
            if status == "default":
                continue
            kinds = []
            for kind, media in response.get("content", {}).items():
                schema = media["schema"]
                kinds.append(f"{escape(kind)} {self.type_of(schema) if '$ref' in schema else ''}")
                if status < "300" and "$ref" not in schema and self.fields(schema):
                    shapes.append(self.fields(schema))
            rows.append(f'<tr><td>{status}</td><td>{"<br>".join(kinds)}</td><td>{inline(response["description"])}</td></tr>')
        return f'<table>{"".join(rows)}</table>{"".join(shapes)}'

    def curl(self, method, path, security, parameters, body):
        for one in parameters:
            if one["in"] == "path" and "example" in one:
                path = path.replace("{" + one["name"] + "}", one["example"])
        query = "&".join(f"{one['name']}={one['schema'].get('enum', [one['name'].upper()])[0]}" for one in parameters
                         if one["in"] == "query" and one.get("required"))
        path += "?" + query if query else ""
        parts = [("curl " if method == "get" else f"curl -X {method.upper()} ") + shlex.quote(self.base + path)]
        if {"operator": []} in security:
            return "brctl --help"
        if security:
            parts.append('-H "Authorization: Bearer $OB_API_KEY"')
        example = (body or {}).get("content", {}).get("application/json", {}).get("example")
        if example is not None:
            parts += ["-H 'Content-Type: application/json'", "-d " + shlex.quote(json.dumps(example))]
        form = (body or {}).get("content", {}).get("multipart/form-data", {}).get("schema", {}).get("properties", {})
        parts += [f"-F {name}=@{name}" for name, member in form.items() if "format" not in member]
        return " \\\n  ".join(parts)

    # Schemas

    def fields(self, schema):
        rows = self.rows(schema, "")
        return f"<table>{rows}</table>" if rows else ""

    def rows(self, schema, prefix):
        while schema.get("type") == "array" and "items" in schema:
            schema, prefix = schema["items"], prefix + "[]"
        required = schema.get("required", ())
        text = ""
        for name, member in schema.get("properties", {}).items():
            path = f"{prefix}.{name}" if prefix else name
            text += self.row(path, member, name in required) + self.rows(member, path)
        return text

    def row(self, name, schema, required, place=""):
        star = '<span class="star" title="always there">*</span>' if required else ""
        note = inline(schema.get("description", ""))
        if "default" in schema:
            note += f' Default: <code>{escape(json.dumps(schema["default"]))}</code>.'
        return f"<tr><td>{escape(name)}{star}</td><td>{place}{self.type_of(schema)}</td><td>{note}</td></tr>"

    def type_of(self, schema):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return f'<a href="#{name}">{name}</a>'
        if "const" in schema:
            return f'<code>{escape(json.dumps(schema["const"]))}</code>'
        if "enum" in schema:
            return " ".join(f"<code>{escape(json.dumps(one))}</code>" for one in schema["enum"])
        for name in ("oneOf", "anyOf"):
            if name in schema and "properties" not in schema:
                return " or ".join(self.type_of(one) for one in schema[name])
        kind = schema.get("type", "any")
        names = [kind] if isinstance(kind, str) else kind
        text = " or ".join(f"array of {self.type_of(schema['items'])}" if one == "array" and "items" in schema else one
                           for one in names)
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is not None and high is not None:
            text += f" {low}–{high}"
        elif "maxLength" in schema:
            text += f", at most {schema['maxLength']} characters"
        return text


def escape(text):
    return html.escape(text, quote=True)


def inline(text):
    """`code` and **bold**."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)


def prose(text):
    return "".join(f"<p>{inline(part)}</p>" for part in text.strip().split("\n\n") if part)


def main(form, path):
    with open(path, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    if form == "json":
        json.dump(document, sys.stdout, ensure_ascii=False, separators=(",", ":"))
    else:
        sys.stdout.write(Page(document).render())


if __name__ == "__main__":
    main(*sys.argv[1:])
