// Every file of the vectors is named in one table and gives what is stated of it there, in their README.md or in
// facts.json. A file that no row opens fails, and so does a row that names files and opens others.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, show } from './vectors/command.js';
import { quotes, sets } from './vectors/dcap.js';
import {
  allFiles,
  assemble,
  evidenceIn,
  facts,
  factsOf,
  open,
  put,
  skip,
  takeOpened,
} from './vectors/folder.js';
import { intelChecks } from './vectors/intel.js';
import { logChecks } from './vectors/logs.js';
import { otherChecks } from './vectors/others.js';
import { azureRows, gpuRows, nitroRows, snpRows, tokenRows } from './vectors/rest.js';

/** The vectors' own documents. */
const documents = ['README.md', 'facts.json'];
const seen = new Set(documents);

/** Runs a row, and holds it to the files that it names. */
async function account(files, check) {
  takeOpened();
  await check();
  const opened = takeOpened();
  assert.deepEqual(opened, [...new Set(files)].sort());
  for (const path of opened) seen.add(path);
}

/** Our claims, and what facts.json calls the same thing. */
const claimNames = {
  'tdx-dcap': {
    mrtd: 'mrtd',
    rtmr0: 'rtmr0',
    rtmr1: 'rtmr1',
    rtmr2: 'rtmr2',
    rtmr3: 'rtmr3',
    tee_tcb_svn: 'teetcbsvn',
    tee_tcb_svn2: 'teetcbsvn2',
    td_attributes: 'tdattr',
    xfam: 'xfam',
    mrseam: 'mrseam',
    mrconfigid: 'mrconfigid',
    report_data: 'reportdata',
    mr_servicetd: 'mrservicetd',
    fmspc: 'fmspc',
    pcesvn: 'pck_pcesvn',
    quote_version: 'quote_version',
  },
  'sgx-dcap': {
    mrenclave: 'mrenclave',
    mrsigner: 'mrsigner',
    report_data: 'reportdata',
    isvprodid: 'isvprodid',
    isvsvn: 'isvsvn',
    fmspc: 'fmspc',
    quote_version: 'quote_version',
  },
  'sev-snp': {
    measurement: 'measurement',
    report_data: 'report_data',
    host_data: 'host_data',
    chip_id: 'chip_id',
    vmpl: 'vmpl',
    guest_svn: 'guest_svn',
    id_key_digest: 'id_key_digest',
    author_key_digest: 'author_key_digest',
  },
  'aws-nitro': { module_id: 'module' },
  'azure-maa': { mrenclave: 'mrenclave', mrsigner: 'mrsigner' },
  'google-confidential-space': {
    hwmodel: 'hwmodel',
    dbgstat: 'dbgstat',
    image_digest: 'image_digest',
  },
  'nvidia-gpu': { nonce: 'nonce' },
};

/** The claims say what facts.json says; whatever it says under a name that we have. */
function checkFacts(path, { format, claims, debug }) {
  const stated = factsOf(path);
  for (const [claim, fact] of Object.entries(claimNames[format] ?? {})) {
    if (stated[fact] === undefined) continue;
    assert.equal(claims[claim], stated[fact], `${path}: ${claim}`);
  }
  for (const [index, value] of Object.entries(stated.pcrs ?? {})) {
    assert.equal(claims[`pcr${index}`], value, `${path}: PCR ${index}`);
  }
  const debugFact = stated.debug ?? stated.debug_mode_pcrs_zero;
  if (debugFact !== undefined) assert.equal(debug, debugFact, `${path}: debug`);
}

function outcomeOf(verdict) {
  return [verdict.exit, verdict.faults[0]?.code ?? null];
}

function partsOf(collateral) {
  if (collateral === null) return [];
  return typeof collateral === 'string'
    ? [collateral]
    : Object.values(collateral).filter((path) => path !== null);
}

function collateralFlag(collateral, quote) {
  if (collateral === null) return [];
  const path =
    typeof collateral === 'string' ? open(collateral) : assemble({ quote, ...collateral });
  return [`-collateral=${path}`];
}

describe('sets of Intel quotes with collateral', { skip }, () => {
  for (const [name, collateral, exit, fault] of sets) {
    const set = facts.sets.find((each) => each.name === name) ?? { quote: '', computed: {} };
    const { quote, check_at, status, computed } = set;
    test(`${name} at ${check_at}: ${status}; exit code ${exit}, ${fault ?? 'accepted'}`, () =>
      account([quote, ...partsOf(collateral)], async () => {
        const flags = collateralFlag(collateral, quote);
        const verdict = await judge(`-at=${check_at}`, ...flags, put(evidenceIn(quote)));
        assert.deepEqual(outcomeOf(verdict), [exit, fault]);
        if (fault === 'tcb-no-matching-level') assert.equal(status, 'NoMatchingLevel');
        if (Object.keys(verdict.claims).length === 0) return;
        assert.equal(verdict.tcb_status, status);
        assert.deepEqual([...verdict.advisories].sort(), computed.advisory_ids);
        checkFacts(quote, verdict);
      }));
  }

  test('are those of facts.json, but for two without a time and two in rows of Azure', () => {
    const others = ['sgx-ravl-coffee-lake', 'sgx-ravl-ice-lake'];
    const stated = facts.sets.map(({ name }) => name);
    assert.deepEqual(
      stated.filter((name) => !others.includes(name) && !name.startsWith('azure-')),
      sets.map(([name]) => name),
    );
  });
});

describe('other Intel quotes', { skip }, () => {
  for (const [quote, at, collateral, exit, fault] of quotes) {
    test(`${quote} at ${at}: exit code ${exit}, ${fault ?? 'accepted'}`, () =>
      account([quote, ...partsOf(collateral)], async () => {
        const flags = collateralFlag(collateral, quote);
        const verdict = await judge(`-at=${at}`, ...flags, put(evidenceIn(quote)));
        assert.deepEqual(outcomeOf(verdict), [exit, fault]);
        if (Object.keys(verdict.claims).length > 0) checkFacts(quote, verdict);
      }));
  }

  /** Whatever its collateral: it is read, and its fields are those that are stated. */
  const shown = {
    mrenclave: 'mrEnclave',
    mrsigner: 'mrSigner',
    mrtd: 'mrTd',
    reportdata: 'reportData',
  };
  for (const { file, facts: stated } of facts.files) {
    if (stated.quote_version === undefined || file.startsWith('tpm/')) continue;
    test(`${file} says what is stated`, () =>
      account([file], async () => {
        const { fields } = await show(put(evidenceIn(file)));
        assert.equal(fields.quoteVersion, stated.quote_version);
        const names = Object.entries(shown).filter(([fact]) => stated[fact] !== undefined);
        assert.ok(names.length >= 2);
        for (const [fact, field] of names) assert.equal(fields[field], stated[fact], fact);
      }));
  }
});

function matches(seenValue, wanted, name) {
  if (wanted instanceof RegExp) assert.match(String(seenValue), wanted, name);
  else assert.equal(seenValue, wanted, name);
}

describe('evidence of other formats', { skip }, () => {
  const words = ['issuer', 'audience'];
  for (const row of [...snpRows, ...nitroRows, ...tokenRows, ...gpuRows, ...azureRows]) {
    const [path, at, beside, exit, fault, claims = {}] = row;
    const given = Object.entries(beside).flatMap(([flag, value]) =>
      [value].flat().map((each) => [flag, each]),
    );
    const files = given.filter(([flag]) => !words.includes(flag)).map(([, file]) => file);
    const besides = given.map(([, value]) => value).join(', ') || 'nothing';
    test(`${path} at ${at} with ${besides}: exit code ${exit}, ${fault ?? 'accepted'}`, () =>
      account([path, ...files], async () => {
        const flags = given.map(
          ([flag, value]) => `-${flag}=${words.includes(flag) ? value : open(value)}`,
        );
        const verdict = await judge(`-at=${at}`, ...flags, open(path));
        assert.deepEqual(outcomeOf(verdict), [exit, fault]);
        if (Object.keys(verdict.claims).length === 0) return;
        checkFacts(path, verdict);
        for (const [name, wanted] of Object.entries(claims)) {
          matches(verdict.claims[name], wanted, name);
        }
      }));
  }
});

describe('what is no evidence by itself, and what is bad', { skip }, () => {
  for (const [what, files, check] of [...intelChecks, ...logChecks, ...otherChecks]) {
    test(`${files[0]}: ${what}`, () => account(files, check));
  }
});

test('no file of the vectors is left out', { skip }, () => {
  assert.ok(allFiles.length >= 230, String(allFiles.length));
  assert.deepEqual(
    allFiles.filter((path) => !seen.has(path)),
    [],
  );
});
