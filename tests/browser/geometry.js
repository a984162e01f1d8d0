// What is wrong with how something is laid out, as sentences: clipped, too wide, on top of each other, too pale, too small.
(root) => {
  const SLACK = 2.5; // CSS pixels that rounding and glyph overhang may take
  const found = new Set();
  const frame = root.getBoundingClientRect();
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const shown = (node) => node.checkVisibility({ opacityProperty: false, visibilityProperty: true }) && !node.closest(".sr");
  const named = (node) => `<${node.tagName.toLowerCase()} class="${node.className}"> “${node.textContent.trim().slice(0, 40)}”`;

  // A list or table that scrolls sideways by itself, and a chosen option that ends in "…", are meant to.
  const maySpill = (node) => node.closest(".b-table-frame, .picker-value, .b-carousel, .msg-tools");

  function rgba(colour) {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = paint.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  }
  const over = (top, under) => [0, 1, 2].map((n) => top[n] * top[3] + under[n] * (1 - top[3])).concat(1);
  function ground(node) {
    const layers = [];
    for (let one = node; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  }
  function light(colour) {
    const [red, green, blue] = colour.slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
  function contrast(node) {
    const behind = ground(node);
    const [one, other] = [light(over(rgba(getComputedStyle(node).color), behind)), light(behind)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }

  // What is scrolled away lies under other things, and is not seen there.
  function scrollerOf(node) {
    for (let one = node; one && one !== root.parentElement; one = one.parentElement)
      if (/auto|scroll/.test(getComputedStyle(one).overflowY)) return one.getBoundingClientRect();
    return null;
  }
  const inside = (box, scroller) => !scroller || (box.bottom <= scroller.bottom + SLACK && box.top >= scroller.top - SLACK);

  const texts = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode, holder = text.parentElement;
    if (!text.data.trim() || !shown(holder) || holder.closest(".msg-tools")) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const scroller = scrollerOf(holder);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 1 && box.height > 1 && inside(box, scroller));
    if (!maySpill(holder)) texts.push(...boxes.map((box) => ({ box, holder })));
    const style = getComputedStyle(holder);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const isOff = holder.closest("[aria-busy=true], :disabled");
    if (!isOff && contrast(holder) < (isLarge ? 3 : 4.5)) found.add(`too pale (${contrast(holder).toFixed(1)}): ${named(holder)}`);
    if (size < 10) found.add(`too small (${size}px): ${named(holder)}`);
  }

  for (const { box, holder } of texts) {
    if (box.left < frame.left - SLACK || box.right > frame.right + SLACK) found.add(`runs out sideways: ${named(holder)}`);
  }
  for (const node of [root, ...root.querySelectorAll("*")]) {
    if (!shown(node) || maySpill(node) || node instanceof SVGElement) continue;
    const style = getComputedStyle(node);
    const isCut = style.overflowX !== "visible" && node.clientWidth > 0;
    if (isCut && node.scrollWidth > node.clientWidth + SLACK && !/^(TEXTAREA|INPUT)$/.test(node.tagName)) found.add(`wider than its frame: ${named(node)}`);
    if (style.overflowY === "hidden" && node.scrollHeight > node.clientHeight + SLACK) found.add(`cut off below: ${named(node)}`);
    if (node.matches("button, input:not([type=checkbox], [type=radio]), textarea") && !node.closest(".msg-private, .token")) {
      const { width, height } = node.getBoundingClientRect();
      if (width < 24 || height < 24) found.add(`too small to hit (${width.toFixed()}x${height.toFixed()}): ${named(node)}`);
    }
  }

  const solid = [...root.querySelectorAll("button, input, textarea, img, .chip")].filter((node) => shown(node) && !node.closest(".msg-tools, .home-tools"));
  const pieces = [...texts, ...solid.map((holder) => ({ box: holder.getBoundingClientRect(), holder }))];
  pieces.forEach((one, at) => {
    for (const other of pieces.slice(at + 1)) {
      if (one.holder.contains(other.holder) || other.holder.contains(one.holder)) continue;
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (wide > SLACK && high > SLACK) found.add(`on top of each other: ${named(one.holder)} and ${named(other.holder)}`);
    }
  });
  return [...found].slice(0, 12);
}
