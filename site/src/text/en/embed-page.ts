/** Words of the page that shows the element. What stands between backticks is code; `lab` is the text of a link. */
export const embedPage = {
  documentTitle: 'whittle-ml lab: an experiment in your page',
  title: 'An experiment in your page',
  how: 'Load `embed.js` once, then place as many `whittle-lab` elements as you like. Each trains one experiment in a worker of its own, loads nothing until it is seen, rests while it is out of sight, and stops when it is taken away. It needs no framework, and runs under a policy without `unsafe-eval` and without inline styles.',
  lab: 'Set up an experiment in the lab.',
  address: 'Then copy what its address has after `#`.',
  plane: 'The answers over a plane',
  curve: 'A fitted curve',
  losses: 'Losses, in Chinese',
  attributes: 'Attributes',
  experiment: 'What the lab’s address says after `#`: data, network, training. What it does not say is as by default.',
  show: '`plane` (default) or `curve`, whichever the data have, or `losses`.',
  language: '`en` or `zh`; else that of the page around it.',
  autoplay: 'Trains when it is first seen, unless the reader prefers less motion.',
  policy:
    'From another server the page must allow `worker-src blob:` and that server there too, which must send `Access-Control-Allow-Origin`.',
  copy: 'Copy',
  copied: 'Copied',
  isCopied: 'The snippet is copied.',
  notCopied: 'Select the text and copy it: this browser did not allow it',
};
