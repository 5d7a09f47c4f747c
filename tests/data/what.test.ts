import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseIDX } from '../../src/data/idx.ts';
import { readCSV } from '../../src/data/read.ts';
import { tableFromBytes } from '../../src/data/table.ts';
import { encodeSafetensors } from '../../src/io/safetensors.ts';

/** A character a byte. */
const latin = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('a file that is no table of text is named for what it is', () => {
  test.each<[what: string, file: Uint8Array]>([
    ['packed with gzip: unpack it with gunzip() first', gzipSync('a,b\n1,2\n')],
    ['a zip archive, as .xlsx files are', latin('PK\x03\x04\x14\0\x06\0')],
    ['an old Excel workbook (.xls)', latin('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')],
    ['an HDF5 file', latin('\x89HDF\r\n\x1a\n\0\0')],
    ['a Parquet file', latin('PAR1\x15\x04')],
    ['a NumPy array (.npy)', latin("\x93NUMPY\x01\0v\0{'descr'")],
    ['an IDX file: read it with parseIDX()', latin('\0\0\x08\x01\0\0\0\x01\x07')],
    ['a safetensors file', encodeSafetensors(new Map([['w', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]))],
    [
      'a Git LFS pointer in place of the file',
      latin('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n'),
    ],
    ['an HTML page', latin('\r\n<!DOCTYPE html>\n<html><body>,</body></html>')],
    ['an HTML page', latin('<html lang="en">')],
    ['XML', latin('<?xml version="1.0"?><rows/>')],
    ['JSON', latin('[{"a": 1, "b": 2}]')],
    ['JSON', latin('{ "columns": [1, 2] }')],
    ['JSON', latin('[[1, 2], [3, 4]]')],
    ['an ARFF file', latin('% a comment\n\n@RELATION plants\n@attribute x numeric\n')],
    ["a web server's answer in place of the file", latin('404: Not Found')],
    ["a web server's answer in place of the file", latin('403 Forbidden\n')],
    ['an R data file', latin('RDX3\nX\n\0\0\0\x03')],
    ['an HTML page', latin('<!-- made -->\n<html>')],
    ['an HTML page', latin('<head>\n')],
    ['an HTML page', latin('<div class="x">')],
    ["a web server's answer in place of the file", latin('Not Found')],
    ["a web server's answer in place of the file", latin('Entry not found\n')],
    ["a web server's answer in place of the file", latin('Access Denied')],
    ['text in UTF-32: save it as UTF-8', latin('\xff\xfe\0\0a\0\0\0')],
    ['text in UTF-32: save it as UTF-8', latin('\0\0\xfe\xff\0\0\0a')],
    ['text in UTF-16: save it as UTF-8', latin('\xff\xfea\0,\0b\0\n\0')],
  ])('%s', (what, file) => {
    expect(() => readCSV(file)).toThrow(`csv: file: is ${what}`);
  });

  test('a byte of 0 is in no text', () => {
    expect(() => readCSV(latin('a\0,\0b\0\n\x001\0,\x002\0'))).toThrow('csv: line 1: has a byte of 0');
    expect(() => readCSV('a,b\n1,\0\n')).toThrow('csv: line 2: has a byte of 0');
  });

  test.each([
    '<TICKER>,<DATE>\nx,1\n',
    '{a},[b]\nx,1\n',
    '[1],b\nx,y\n',
    '404 Found,b\nx,1\n',
    'PAR1,PAR2\n1,2\n',
    'RDX,b\nx,1\n',
    'BZh,b\nx,1\n',
    '<div>,<body>\nx,1\n',
    'not found,b\nx,1\n',
    'version,b\nx,1\n',
    '@,b\nx,1\n',
  ])('an odd header is none of these: %j', (text) => {
    expect(readCSV(text).rows).toBe(1);
  });

  test('packed files are looked into', async () => {
    await expect(tableFromBytes(gzipSync('<!doctype html>'), { target: 'y' })).rejects.toThrow('is an HTML page');
    await expect(tableFromBytes(latin('404: Not Found'), { target: 'y' })).rejects.toThrow("a web server's answer");
  });

  test('parseIDX names them too', () => {
    expect(() => parseIDX(gzipSync(latin('\0\0\x08\x01\0\0\0\x01\x07')))).toThrow(
      'idx: file: is packed with gzip: unpack it with gunzip() first',
    );
    expect(() => parseIDX(latin('<!doctype html>'))).toThrow('idx: file: is an HTML page');
    expect(() => parseIDX(latin('a,b\n1,2\n'))).toThrow('idx: magic: the first two bytes are not 0');
  });
});
