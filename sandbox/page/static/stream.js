// The live stream: one EventSource for everybody on the page; comes back by itself and catches up.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;

/** @typedef {{event: (data: any) => void, status: (link: "live"|"lost") => void}} Listener */

export class Stream {
  /** @type {EventSource|null} */
  #source = null;
  #pause = FIRST_PAUSE_MS;
  #timer = 0;
  #closed = false;

  /**
   * @param {string[]} people whose screens to follow
   * @param {string} cursor everything newer follows
   * @param {Listener} listener
   */
  constructor(people, cursor, listener) {
    this.people = people;
    this.cursor = cursor;
    this.listener = listener;
    this.#connect();
  }

  #connect() {
    const query = new URLSearchParams({ person: this.people.join(","), after: this.cursor });
    const source = new EventSource(`/api/events?${query}`);
    source.onopen = () => {
      this.#pause = FIRST_PAUSE_MS;
      this.listener.status("live");
    };
    source.onmessage = (message) => {
      this.cursor = message.lastEventId || this.cursor;
      this.listener.event(JSON.parse(message.data));
    };
    source.onerror = () => this.#lost(source);
    this.#source = source;
  }

  /** A browser gives up after an HTTP error; a server that is being started again deserves another try. */
  #lost(source) {
    if (this.#closed) return;
    this.listener.status("lost");
    if (source.readyState !== EventSource.CLOSED) return;
    this.#timer = window.setTimeout(() => this.#connect(), this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  close() {
    this.#closed = true;
    window.clearTimeout(this.#timer);
    this.#source?.close();
  }
}
