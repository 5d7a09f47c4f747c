/**
 * The script of the page of a network, as a function of what its module exports, of the facts, and of the drawing: answers the
 * form or the drawing, and whole tables. Texts are set as texts only.
 */
export const SCRIPT = `({ predict, selfTest }, facts, drawing) => {
  const { target, classes, fields, na, decimal } = facts;
  const MOST = 20; // bars, the likeliest
  const at = (id) => document.getElementById(id);
  const element = (name, className, text = '') => Object.assign(document.createElement(name), { className, textContent: text });
  const works = selfTest();
  at('test').textContent = works ? 'passed here' : 'FAILED: do not trust the answers';
  at('test').classList.toggle('wrong', !works);

  // The shortest decimal that is read back as the same number: of float32 if it is one.
  const numberText = (x) => {
    if (Math.fround(x) !== x) return String(x);
    for (let digits = 1; digits < 9; digits++) {
      const text = Number(x.toPrecision(digits));
      if (Math.fround(text) === x) return String(text);
    }
    return String(Number(x.toPrecision(9)));
  };
  const percent = (p) => (100 * p).toFixed(1) + '\\u00a0%';
  const whyOf = (error) => {
    if (!(error instanceof RangeError)) throw error;
    return error.message.replace(/^predict: /, '');
  };

  const say = (text, isWrong) => {
    at('said').textContent = text;
    at('said').classList.toggle('wrong', isWrong === true);
  };
  const showBars = (probabilities) => {
    const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
    const best = order[0];
    const shown = order.slice(0, MOST).sort((a, b) => a - b);
    at('bars').replaceChildren(
      ...shown.map((k) => {
        const mark = k === best ? ' best' : '';
        const track = element('span', 'track');
        const fill = element('span', 'fill' + mark);
        fill.style.width = 100 * probabilities[k] + '%';
        track.setAttribute('aria-hidden', 'true');
        track.append(fill);
        const item = element('li', '');
        item.append(element('span', 'name' + mark, classes[k]), ' ', track, element('span', 'share' + mark, percent(probabilities[k])));
        return item;
      }),
    );
  };
  const answer = (row) => {
    at('bars').replaceChildren();
    if (row === null) return say('Nothing is drawn.');
    try {
      const told = predict(row);
      if (classes === null) return say(target + ': ' + Number(told.toPrecision(6)));
      showBars(told.probabilities);
      say(target + ': ' + told.label + ', ' + percent(Math.max(...told.probabilities)));
    } catch (error) {
      say(whyOf(error), true);
    }
  };

  if (facts.image === null) {
    const form = at('row');
    const inputs = fields.map((_, i) => at('field-' + i));
    const update = () => {
      const bad = inputs.findIndex(({ validity }) => validity.badInput);
      fields.forEach(({ range }, i) => {
        const { value } = inputs[i];
        const isOut = range !== null && value !== '' && (Number(value) < range[0] || Number(value) > range[1]);
        inputs[i].closest('.field').classList.toggle('out', isOut);
      });
      if (bad < 0) return answer(Object.fromEntries(fields.map(({ name }, i) => [name, inputs[i].value])));
      at('bars').replaceChildren();
      say('column ' + fields[bad].name + ' is no number', true);
    };
    form.addEventListener('input', update);
    form.addEventListener('submit', (event) => event.preventDefault());
    update();
  } else drawing(facts, answer);

  // Cells after RFC 4180, each row with its line; what stands between cells is looked for in the first line.
  const parse = (text) => {
    const first = text.replace(/^\\uFEFF/, '').split(/[\\r\\n]/, 1)[0];
    const count = (mark) => first.split(mark).length;
    const delimiter = [',', ';', '\\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
    const rows = [];
    let cells = [], cell = '', isQuoted = false, wasQuoted = false, line = 1, start = 1;
    const endCell = () => {
      cells.push(cell.trim());
      cell = '';
      wasQuoted = false;
    };
    const endRow = () => {
      const isBlank = cells.length === 0 && cell.trim() === '' && !wasQuoted;
      if (!isBlank) {
        endCell();
        rows.push({ line: start, cells });
      }
      cells = [];
      cell = '';
      start = line + 1;
    };
    const body = text.replace(/^\\uFEFF/, '').replace(/\\r\\n?/g, '\\n');
    for (let i = 0; i < body.length; i++) {
      const c = body[i];
      if (isQuoted) {
        if (c !== '"') cell += c;
        else if (body[i + 1] === '"') cell += body[++i];
        else isQuoted = false;
      } else if (c === '"' && cell.trim() === '') {
        cell = '';
        isQuoted = wasQuoted = true;
      } else if (c === delimiter) endCell();
      else if (c === '\\n') endRow();
      else cell += c;
      if (c === '\\n') line++;
    }
    if (isQuoted) throw new RangeError('line ' + start + ': has a quote that is never closed');
    endRow();
    return { delimiter, rows };
  };
  // The text of all rows with their predictions. Throws RangeError, with the line, for one that cannot be told.
  const predicted = (text) => {
    const { delimiter, rows } = parse(text);
    if (rows.length === 0) throw new RangeError('there are no rows');
    const [{ cells: names }, ...others] = rows;
    const numeric = new Set(fields.flatMap(({ name, isNumeric }) => (isNumeric ? [name] : [])));
    const isNumber = names.map((name) => numeric.has(name));
    // 4130,25 and 4.130,25 and, where there are such or training had them, 4.130
    const FRACTION = /^[-+]?(?:[1-9]\\d{0,2}(?:\\.\\d{3})+|\\d*),\\d+$/;
    const GROUPS = /^[-+]?[1-9]\\d{0,2}(?:\\.\\d{3})+$/;
    const hasCommas = delimiter !== ',' &&
      (decimal === ',' || others.some(({ cells }) => cells.some((cell, i) => isNumber[i] && FRACTION.test(cell))));
    const plain = (cell) =>
      hasCommas && (FRACTION.test(cell) || GROUPS.test(cell)) ? cell.replaceAll('.', '').replace(',', '.') : cell;
    const answers = others.map(({ line, cells }) => {
      if (cells.length !== names.length)
        throw new RangeError('line ' + line + ': has ' + cells.length + ' cells, the header has ' + names.length);
      const row = Object.fromEntries(
        names.map((name, i) => [name, na.includes(cells[i]) ? null : isNumber[i] ? plain(cells[i]) : cells[i]]),
      );
      try {
        const told = predict(row);
        return classes === null ? [told] : [told.label, ...told.probabilities];
      } catch (error) {
        throw new RangeError('line ' + line + ': ' + whyOf(error));
      }
    });
    const quoted = (cell) => (/["\\r\\n]/.test(cell) || cell.includes(delimiter) ? '"' + cell.replaceAll('"', '""') + '"' : cell);
    const unused = (name) => {
      let free = name;
      for (let i = 2; names.includes(free); i++) free = name + ' (' + i + ')';
      return free;
    };
    const told = (cell) => (typeof cell === 'number' ? numberText(cell).replace('.', hasCommas ? ',' : '.') : cell);
    const heads = ['prediction', ...(classes ?? []).map((name) => 'p(' + name + ')')].map(unused);
    const lines = [[...names, ...heads], ...others.map(({ cells }, i) => [...cells, ...answers[i].map(told)])];
    return { count: others.length, text: lines.map((cells) => cells.map(quoted).join(delimiter) + '\\n').join('') };
  };
  // The text of a file. Throws RangeError for bytes that are not of its encoding, which would become other texts unnoticed.
  const decoded = (bytes, encoding) => {
    const [first, second] = bytes;
    const mark = first === 255 && second === 254 ? 'utf-16le' : first === 254 && second === 255 ? 'utf-16be' : null;
    try {
      return new TextDecoder(mark ?? encoding, { fatal: true }).decode(bytes);
    } catch {
      const other = mark === null ? 'If an old Excel or another program of Windows wrote it, choose windows-1252; else save it as UTF-8' : 'Save it as UTF-8';
      throw new RangeError('the file is not ' + (mark ?? encoding).toUpperCase() + ' text. ' + other);
    }
  };
  let address = null;
  const show = (textOf) => {
    if (address !== null) URL.revokeObjectURL(address);
    address = null;
    at('load').hidden = at('out').hidden = true;
    at('read').classList.remove('wrong');
    try {
      const { count, text } = predicted(textOf());
      address = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
      at('load').href = address;
      at('predictions').value = text;
      at('load').hidden = at('out').hidden = false;
      at('read').textContent = count + (count === 1 ? ' row' : ' rows') + ' predicted.';
    } catch (error) {
      at('read').textContent = whyOf(error);
      at('read').classList.add('wrong');
    }
  };
  const ask = () => show(() => at('rows').value);
  let taken; // the file whose rows are shown, read again where another encoding is chosen
  const take = async (file) => {
    if (file === undefined) return;
    taken = file;
    const bytes = new Uint8Array(await file.arrayBuffer());
    at('rows').value = '';
    show(() => (at('rows').value = decoded(bytes, at('encoding').value)));
  };
  at('encoding').addEventListener('change', () => take(taken));
  at('rows').addEventListener('input', () => (taken = undefined));
  at('ask').addEventListener('click', ask);
  at('file').addEventListener('change', ({ target: { files } }) => take(files[0]));
  const drop = at('drop');
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  for (const name of ['dragleave', 'drop']) drop.addEventListener(name, () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  });
}`;
