/*
 * Fields for values that are written as JSON, made from the schema that a text area names in `data-schema`.
 *
 * The text is what is sent, with or without this script: fields write it, and whoever prefers JSON edits it. Numbers are kept as
 * they were typed, because 64 bits are more than JavaScript's own hold.
 */

class Digits {
  constructor(text) { this.text = text; }
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const HINTS = { "date-time": "UTC, such as 2026-01-31T12:00:00Z", duration: "such as PT1H30M" };

function parse(text) {
  return JSON.parse(text, (_, value, context) =>
    (typeof value === "number" ? new Digits(context?.source ?? String(value)) : value));
}

function render(value, margin = "") {
  if (value instanceof Digits) return value.text;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const inside = `${margin}  `;
  const parts = Array.isArray(value)
    ? value.map((item) => render(item, inside))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${render(item, inside)}`);
  return parts.length ? `${open}\n${inside}${parts.join(`,\n${inside}`)}\n${margin}${close}` : open + close;
}

function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

// ── schemas ──────────────────────────────────────────────────────────────────

function resolved(schema, root) {
  if (typeof schema !== "object" || schema === null) return {};
  if (schema.allOf?.length === 1) return resolved({ ...schema.allOf[0], ...schema, allOf: undefined }, root);
  if (!schema.$ref?.startsWith("#/")) return schema;
  const target = schema.$ref.slice(2).split("/").reduce((at, key) => at?.[key], root);
  return resolved({ ...target, ...schema, $ref: undefined }, root);
}

function variantsOf(schema, root) {
  return (schema.anyOf ?? schema.oneOf)?.map((variant) => resolved(variant, root));
}

function fits(value, schema, root) {
  const { type, enum: choices, const: only } = schema;
  const variants = variantsOf(schema, root);
  if (variants) return variants.some((variant) => fits(value, variant, root));
  if (choices) return choices.some((choice) => render(parse(JSON.stringify(choice))) === render(value));
  if (only !== undefined) return render(parse(JSON.stringify(only))) === render(value);
  switch (type) {
    case "integer": return value instanceof Digits && !/[.eE]/.test(value.text);
    case "number": return value instanceof Digits;
    case "null": return value === null;
    case "array": return Array.isArray(value);
    case "object": return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Digits);
    default: return type === undefined || typeof value === type;
  }
}

function words(schema, root) {
  const variants = variantsOf(schema, root);
  if (variants) return variants.map((variant) => words(variant, root)).join(" | ");
  if (schema.type === "array" && schema.items) return `list of ${words(resolved(schema.items, root), root)}`;
  return (schema.type === "object" && schema.title) || schema.format || schema.type || (schema.enum ? "choice" : "JSON");
}

// ── fields ───────────────────────────────────────────────────────────────────
// Each kind of field is made from { schema, value, name, id, isRequired, root } and returns { element, read }; what is read is left out
// where it is undefined.

function field(at) {
  const schema = resolved(at.schema, at.root);
  let { value } = at;
  if (value === undefined && schema.default !== undefined) value = parse(JSON.stringify(schema.default));
  const variants = variantsOf(schema, at.root) ?? [];
  const given = variants.filter((variant) => variant.type !== "null");
  const inner = variants.length === 0 ? schema : given.length === 1 ? { ...schema, ...given[0], anyOf: undefined, oneOf: undefined, default: undefined } : { ...schema, default: undefined };
  const next = { ...at, schema: inner, value: value === null ? undefined : value };
  if (given.length < variants.length) {
    const isLeftOut = !at.isRequired && schema.default === undefined;
    return maybe(next, { isOn: value !== undefined && value !== null, off: isLeftOut ? undefined : null });
  }
  if (!at.isRequired && value === undefined) return maybe(next, { isOn: false, off: undefined });
  return plain(next);
}

function plain(at) {
  const { schema, value } = at;
  if (schema.anyOf || schema.oneOf) return union(at);
  if (schema.enum || schema.const !== undefined || schema.type === "boolean") return choice(at);
  const isNumber = schema.type === "integer" || schema.type === "number";
  if (isNumber && (value === undefined || value instanceof Digits || typeof value === "string")) return number(at);
  if (value !== undefined && !fits(value, schema, at.root)) return json(at);
  if (schema.type === "string") return text(at);
  if (schema.type === "array" && schema.prefixItems) return tuple(at);
  if (schema.type === "array" && schema.items) return list(at);
  if (schema.type === "object" && schema.properties) return object(at);
  if (schema.type === "object" && typeof schema.additionalProperties === "object") return map(at);
  return json(at);
}

function labelled(at, input, hint = at.schema.description) {
  input.id = at.id;
  if (hint) input.setAttribute("aria-describedby", `${at.id}-hint`);
  if (at.isRequired) input.setAttribute("aria-required", "true");
  return made("div", { class: "field" },
    made("label", { for: at.id }, at.name, required(at), made("span", { class: "type" }, words(at.schema, at.root))),
    input,
    hint ? made("span", { class: "hint", id: `${at.id}-hint` }, hint) : undefined);
}

function required(at) {
  return at.isRequired ? made("span", { class: "required", title: "required" }, " *") : undefined;
}

function grouped(at, ...children) {
  const note = at.schema.description;
  return made("fieldset", {},
    made("legend", {}, at.name, required(at), made("span", { class: "type" }, words(at.schema, at.root))),
    note && at.depth ? made("span", { class: "hint" }, note) : undefined,
    ...children);
}

function number(at) {
  const input = made("input", { inputmode: "decimal", autocomplete: "off", value: at.value?.text ?? at.value ?? "" });
  const read = () => {
    const typed = input.value.trim();
    return typed === "" ? undefined : NUMBER.test(typed) ? new Digits(typed) : typed;
  };
  return { element: labelled(at, input), read };
}

function text(at) {
  const { format, description } = at.schema;
  const isLong = at.value?.includes("\n");
  const input = isLong ? made("textarea", { rows: 4 }, at.value) : made("input", { autocomplete: "off", spellcheck: "false", value: at.value ?? "" });
  const hint = [description, HINTS[format]].filter(Boolean).join(" · ");
  return { element: labelled(at, input, hint), read: () => (format && input.value === "" ? undefined : input.value) };
}

function choice(at) {
  const { schema, value } = at;
  const choices = schema.enum ?? (schema.const !== undefined ? [schema.const] : [true, false]);
  const now = choices.findIndex((it) => value !== undefined && render(parse(JSON.stringify(it))) === render(value));
  const options = choices.map((it, n) => made("option", { value: n, selected: n === now }, typeof it === "string" ? it : JSON.stringify(it)));
  const select = made("select", {}, now < 0 ? made("option", { value: "" }, "Choose…") : undefined, ...options);
  return { element: labelled(at, select), read: () => (select.value === "" ? undefined : parse(JSON.stringify(choices[select.value]))) };
}

function json(at) {
  const area = made("textarea", { rows: 2, spellcheck: "false" }, at.value === undefined ? "" : render(at.value));
  const read = () => {
    try {
      return area.value.trim() === "" ? undefined : parse(area.value);
    } catch {
      return area.value;
    }
  };
  return { element: labelled(at, area, [at.schema.description, "JSON"].filter(Boolean).join(" · ")), read };
}

function object(at) {
  const { schema, value = {} } = at;
  const fields = Object.entries(schema.properties).map(([name, own]) => [name, field({
    schema: own, value: value[name], name, id: `${at.id}.${name}`, isRequired: schema.required?.includes(name) ?? false, root: at.root, depth: at.depth + 1,
  })]);
  const others = Object.entries(value).filter(([name]) => !(name in schema.properties));
  const read = () => Object.fromEntries([...fields.map(([name, it]) => [name, it.read()]), ...others].filter(([, it]) => it !== undefined));
  return { element: grouped(at, ...fields.map(([, it]) => it.element)), read };
}

function tuple(at) {
  const fields = at.schema.prefixItems.map((own, n) => field({
    schema: own, value: at.value?.[n], name: `${n}`, id: `${at.id}.${n}`, isRequired: true, root: at.root, depth: at.depth + 1,
  }));
  return { element: grouped(at, ...fields.map((it) => it.element)), read: () => fields.map((it) => it.read() ?? null) };
}

function rows(at, makeRow, first) {
  // a list of rows, each with a button that removes it, and one that adds another
  const held = new Set();
  const body = made("div", { class: "stack" });
  const add = made("button", { type: "button", class: "button" }, `Add to ${at.name}`);
  let n = 0;
  const append = (value) => {
    n += 1;
    const row = makeRow(value, n);
    const remove = made("button", { type: "button", class: "button quiet", "aria-label": `Remove ${row.name}` }, "Remove");
    const element = made("div", { class: "row" }, row.element, remove);
    remove.addEventListener("click", () => {
      held.delete(row);
      element.remove();
      add.focus();
      changed(body);
    });
    held.add(row);
    body.append(element);
    return element;
  };
  first.forEach(append);
  add.addEventListener("click", () => {
    append(undefined).querySelector("input, select, textarea, button")?.focus();
    changed(body);
  });
  return { element: grouped(at, body, add), held };
}

function list(at) {
  const { element, held } = rows(at, (value, n) => {
    const name = `item ${n}`;
    return { name: `${name} of ${at.name}`, ...field({ schema: at.schema.items, value, name, id: `${at.id}.${n}`, isRequired: true, root: at.root, depth: at.depth + 1 }) };
  }, at.value ?? []);
  return { element, read: () => [...held].map((it) => it.read() ?? null) };
}

function map(at) {
  const { element, held } = rows(at, ([key, value] = ["", undefined], n) => {
    const id = `${at.id}.${n}`;
    const input = made("input", { id: `${id}.key`, autocomplete: "off", spellcheck: "false", value: key });
    const inner = field({ schema: at.schema.additionalProperties, value, name: "value", id, isRequired: true, root: at.root, depth: at.depth + 1 });
    const label = made("label", { for: `${id}.key` }, "key");
    const pair = made("div", { class: "pair" }, made("div", { class: "field" }, label, input), inner.element);
    return { name: `entry ${n} of ${at.name}`, element: pair, read: () => [input.value, inner.read() ?? null] };
  }, Object.entries(at.value ?? {}));
  return { element, read: () => Object.fromEntries([...held].map((it) => it.read())) };
}

function union(at) {
  const variants = variantsOf(at.schema, at.root).filter((variant) => variant.type !== "null");
  const select = made("select", {}, ...variants.map((variant, n) => made("option", { value: n }, words(variant, at.root))));
  const place = made("div", {});
  let inner;
  const show = (value) => {
    const schema = variants[select.value];
    inner = field({ ...at, schema, value, name: words(schema, at.root), id: `${at.id}.${select.value}`, isRequired: true, depth: at.depth + 1 });
    place.replaceChildren(inner.element);
  };
  select.value = Math.max(0, variants.findIndex((variant) => at.value !== undefined && fits(at.value, variant, at.root)));
  select.addEventListener("change", () => show(undefined));
  show(at.value);
  return { element: made("div", { class: "stack" }, labelled(at, select), place), read: () => inner.read() };
}

function maybe(at, { isOn, off }) {
  // what may be left out, or be nothing, has a box to tick
  const box = made("input", { type: "checkbox", id: `${at.id}.given`, checked: isOn });
  const place = made("div", { class: "stack" });
  let inner;
  const show = () => {
    inner = box.checked ? plain({ ...at, isRequired: true }) : undefined;
    place.replaceChildren(...(inner ? [inner.element] : []));
  };
  box.addEventListener("change", show);
  show();
  const label = made("label", { class: "check-line" }, box, `Give ${at.name}`, made("span", { class: "type" }, words(at.schema, at.root)));
  return { element: made("div", { class: "maybe" }, label, place), read: () => (inner ? inner.read() : off) };
}

function changed(element) {
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

// ── a text and its form ──────────────────────────────────────────────────────

function enhance(area) {
  const schema = JSON.parse(area.dataset.schema);
  const name = area.dataset.name;
  const form = made("div", { class: "schema-form stack", role: "group", "aria-label": name });
  const toggle = made("button", { type: "button", class: "button quiet" });
  const told = made("span", { class: "fault", role: "status" });
  const asides = area.parentElement.querySelectorAll("[data-of-text]");     // what is said of the text alone
  let shown;

  function build() {
    const value = area.value.trim() === "" ? undefined : parse(area.value);
    if (value !== undefined && !fits(value, resolved(schema, schema), schema)) throw new TypeError("misfit");
    const at = { schema, value, name, id: `${area.id}.form`, isRequired: true, root: schema, depth: 0 };
    const isOptional = area.getAttribute("aria-required") !== "true";
    shown = isOptional ? maybe({ ...at, schema: resolved(schema, schema) }, { isOn: value !== undefined, off: undefined }) : field(at);
    form.replaceChildren(shown.element);
  }

  function write() {
    const value = shown.read();
    area.value = value === undefined ? "" : render(value);
  }

  function turn(isForm) {
    form.hidden = !isForm;
    area.hidden = isForm;
    for (const aside of asides) aside.hidden = isForm;
    toggle.textContent = isForm ? "Edit as JSON" : "Edit in fields";
    if (!isForm) area.rows = Math.min(16, Math.max(3, area.value.split("\n").length));
  }

  function tryForm() {
    told.textContent = "";
    try {
      build();
      turn(true);
      return true;
    } catch {
      turn(false);
      return false;
    }
  }

  form.addEventListener("input", write);
  form.addEventListener("change", write);
  toggle.addEventListener("click", () => {
    if (area.hidden) { turn(false); area.focus(); return; }
    if (tryForm()) form.querySelector("input, select, textarea, button")?.focus();
    else told.textContent = "The text does not fit the fields; mend it first.";
  });
  area.before(form);
  area.after(toggle, told);
  if (tryForm() && area.value.trim() === "" && resolved(schema, schema).properties && area.getAttribute("aria-required") === "true") write();
}

for (const area of document.querySelectorAll("textarea[data-schema]")) enhance(area);
