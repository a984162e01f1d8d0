// Requests to the sandbox. A failure is an answer too: `{ok: false, error, text}`.

/**
 * @param {string} path
 * @param {RequestInit} [how]
 * @returns {Promise<any>}
 */
async function ask(path, how) {
  try {
    const response = await fetch(path, how);
    const answer = await response.json();
    return response.ok ? { ok: true, ...answer } : { ...answer, ok: false, status: response.status };
  } catch {
    return { ok: false, error: "unreachable", text: "The sandbox did not answer. Is it still running?" };
  }
}

/** @param {string} path @param {Record<string, string>} [query] */
export function get(path, query = {}) {
  const search = new URLSearchParams(query).toString();
  return ask(search ? `${path}?${search}` : path);
}

/** @param {string} path @param {any} body */
export function post(path, body = {}) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

/**
 * A person does something in Slack; what comes of it arrives on the stream.
 * @param {string} person
 * @param {string} action
 * @param {any} [body]
 */
export function act(person, action, body = {}) {
  return post(`/api/${action}`, { person, ...body });
}
