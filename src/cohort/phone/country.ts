/** Countries of phones: what a cell names, and the columns that hold such cells. */
import { type CountryCode, getCountries, getCountryCallingCode } from 'libphonenumber-js/max';
import { remembering } from '../../lib/text.ts';
import { plainText, unwrap } from '../cell.ts';
import { allCandidates, type Candidate } from '../columns/columns.ts';
import { DOUBTFUL, headerKey, listed } from '../columns/names.ts';
import { callingCodeOf, regionOf } from './numbering.ts';

/** Country of a phone as named by a cell: its rules and the beginning of its numbers. */
export interface Country {
  readonly country: CountryCode;
  /** Country code; with the area, where the cell adds one (+1868). */
  readonly prefix: string;
}

/** Most cells cached: enough for any cohort. */
const KEPT = 1_000;

/**
 * A cell → the country that it names: a country code (`+55`, `0055`, `55.0`, `="+55"`, `+1-868`), two or three letters
 * (`BR`, `BRA`), a flag, a name in a known language, or a name with its code (`Brazil (+55)`). Undefined when it names
 * none, or two.
 */
export function readCountryCell(cell: string): Country | undefined {
  return cell.length > LONGEST ? undefined : readShort(cell);
}

const readShort = remembering(KEPT, (cell) =>
  readText(unwrap(cell.normalize('NFKC').replace(FLAG, lettersOf).trim())),
);

/** Longer than any country's name with its code, in characters: bounds the cost of repeated searches. */
const LONGEST = 200;

/** Whether a cell names no country. (NA may be Namibia or “not available”: it does not count as blank.) */
export function isBlankCountry(cell: string): boolean {
  return /^(?:[-–—.]+|n\/a|none|null|nil|#n\/a)?$/i.test(cell.trim());
}

/** Whether a cell is a country code with a + or 00 before it. */
function isMarkedCode(cell: string): boolean {
  return /^\P{L}*(?:\+|\b00)/u.test(cell) && readCountryCell(cell) !== undefined;
}

const FLAG = /[\u{1F1E6}-\u{1F1FF}]{2}/gu;

function lettersOf(flag: string): string {
  const letters = [...flag].map((sign) =>
    String.fromCharCode((sign.codePointAt(0) as number) - 0x1f1e6 + 65),
  );
  return ` ${letters.join('')} `;
}

function readText(text: string): Country | undefined {
  const name = text.replace(/[^\p{L}\p{M}\s.,'’&-]/gu, ' ').replace(/^[^\p{L}]+|[^\p{L}\p{M}]+$/gu, '');
  const digits = plainText(text)
    .replace(/^(\D*\d+)[.,]0+$/, '$1')
    .replace(/\p{L}+/gu, ' ');
  const byCode = countryByCode(name === '' ? digits : digits.replace(/^[^+\d]+/, ''));
  if (name === '') return byCode;
  const country = countryOfName(name);
  if (country === undefined || !/\d/.test(digits)) return country;
  // The name tells Canada from the United States.
  if (byCode === undefined || !byCode.prefix.startsWith(country.prefix)) return undefined;
  return { country: country.country, prefix: byCode.prefix };
}

/** Country of a name, perhaps with a flag: where the two differ, the cell names two countries. */
function countryOfName(name: string): Country | undefined {
  const whole = countryByName(name);
  const flagged = /^([A-Z]{2})\s+(.+)$/.exec(name);
  const [first, second] =
    flagged === null ? [] : [countryByName(flagged[1] ?? ''), countryByName(flagged[2] ?? '')];
  const country = whole ?? (first === second ? first : undefined);
  return country && { country, prefix: getCountryCallingCode(country) };
}

function countryByCode(text: string): Country | undefined {
  if (!/^[\s()[\]–-]*\+?[\s(]*\d[\d\s().[\]-]*$/.test(text) || /^\s*-/.test(text)) return undefined;
  const prefix = text.replace(/\D/g, '').replace(/^(?:00|011(?=\d))/, '');
  const code = callingCodeOf(prefix);
  if (code === undefined || prefix.length - code.length > 4) return undefined;
  const country = regionOf(code, prefix.slice(code.length));
  return country && { country, prefix };
}

/**
 * A country's name in a known language, or its two or three ISO letters → the country. Undefined when none matches, or
 * two.
 */
function countryByName(name: string): CountryCode | undefined {
  const bare = name
    .trim()
    .replace(/^the\s+/i, '')
    .replace(/,\s*(?:islamic|bolivarian|plurinational|united)\s.*$/i, '');
  const key = nameKey(bare);
  const given = OTHER_NAMES.get(key);
  if (given !== undefined) return given;
  const byName = () => {
    names ??= allNames();
    return names.get(key);
  };
  if (!/^[A-Za-z]{2,3}$/.test(bare)) return byName();
  const letters = bare.toUpperCase();
  // Namibia's letters also stand for “not available”.
  const iso =
    letters === 'NA' ? undefined : (countries.get(letters) ?? countries.get(ALPHA_3.get(letters) ?? ''));
  // Nga is Russia in Vietnamese, NGA is Nigeria.
  const word = /^[A-Z][a-z]+$/.test(bare) ? byName() : undefined;
  return word === undefined || word === iso ? iso : undefined;
}

const countries = new Map<string, CountryCode>(getCountries().map((country) => [country, country]));

function nameKey(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}]/gu, '');
}

const LANGUAGES = 'en hi pt id es ru de it fr ar tr nl zh zh-Hant vi th ko ja he fa el fi bn ta ur mr'.split(
  ' ',
);
let names: ReadonlyMap<string, CountryCode | undefined> | undefined;

function allNames(): ReadonlyMap<string, CountryCode | undefined> {
  const found = new Map<string, CountryCode | undefined>();
  for (const language of LANGUAGES) {
    for (const style of ['long', 'short'] as const) {
      const shown = new Intl.DisplayNames([language], { type: 'region', style });
      for (const country of countries.values()) {
        const key = nameKey(shown.of(country) ?? '');
        if (key !== '') found.set(key, !found.has(key) || found.get(key) === country ? country : undefined);
      }
    }
  }
  // Two countries have this name.
  return found.set('congo', undefined);
}

/** Common names that Intl lacks. */
const OTHER_NAMES: ReadonlyMap<string, CountryCode> = new Map(
  Object.entries({
    GB: 'uk, england, scotland, wales, northern ireland, great britain, britain, united kingdom of great britain and northern ireland',
    US: 'united states of america, usa, america, estados unidos de america, etats-unis d’amerique, eeuu',
    AE: 'uae, emirates, emirados, ksa emirates',
    SA: 'ksa, kingdom of saudi arabia',
    NL: 'holland, holanda, hollande, olanda',
    CI: 'ivory coast, costa do marfim, costa de marfil',
    CZ: 'czech republic, republica checa, tschechische republik, republique tcheque, repubblica ceca',
    RU: 'russian federation, российская федерация, рф',
    KR: 'south korea, republic of korea, korea republic of, korea south, rok',
    KP: 'north korea, korea democratic peoples republic of',
    CN: 'prc, peoples republic of china, mainland china, 中华人民共和国',
    CD: 'drc, dr congo, rdc, democratic republic of the congo, congo the democratic republic of the, congo democratic republic of the',
    CG: 'republic of the congo',
    TR: 'turkey, turkiye, türkei',
    MM: 'burma, birmania',
    MK: 'macedonia, the former yugoslav republic of macedonia',
    SZ: 'swaziland',
    CV: 'cape verde',
    TL: 'east timor',
    SY: 'syrian arab republic',
    LA: 'lao pdr, lao peoples democratic republic',
    BN: 'brunei darussalam',
    MD: 'moldova republic of, republic of moldova',
    TZ: 'tanzania united republic of, united republic of tanzania',
    TW: 'taiwan province of china, taiwan roc',
    PS: 'palestine state of, state of palestine, palestine',
    VA: 'holy see, vatican',
    GR: 'el, hellas',
    IN: 'bharat, hindustan',
  } satisfies Partial<Record<CountryCode, string>>).flatMap(([country, written]) =>
    listed(written).map((name) => [nameKey(name), country as CountryCode] as const),
  ),
);

/** ISO 3166-1: three letters and their two-letter equivalent. */
const ALPHA_3: ReadonlyMap<string, string> = new Map(
  `
  ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU AUTAT AZEAZ BDIBI
  BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ BMUBM BOLBO BRABR BRBBB BRNBN BTNBT
  BVTBV BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN CIVCI CMRCM CODCD COGCG COKCK COLCO COMKM CPVCV CRICR CUBCU
  CUWCW CXRCX CYMKY CYPCY CZECZ DEUDE DJIDJ DMADM DNKDK DOMDO DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET
  FINFI FJIFJ FLKFK FRAFR FROFO FSMFM GABGA GBRGB GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM GNBGW GNQGQ GRCGR
  GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU IDNID IMNIM INDIN IOTIO IRLIE IRNIR
  IRQIQ ISLIS ISRIL ITAIT JAMJM JEYJE JORJO JPNJP KAZKZ KENKE KGZKG KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB
  LBRLR LBYLY LCALC LIELI LKALK LSOLS LTULT LUXLU LVALV MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH
  MKDMK MLIML MLTMT MMRMM MNEME MNGMN MNPMP MOZMZ MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA NCLNC NERNE
  NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ OMNOM PAKPK PANPA PCNPN PERPE PHLPH PLWPW PNGPG POLPL
  PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU RWARW SAUSA SDNSD SENSN SGPSG SGSGS SHNSH SJMSJ
  SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST SURSR SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC
  TCDTD TGOTG THATH TJKTJ TKLTK TKMTM TLSTL TONTO TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA UMIUM URYUY
  USAUS UZBUZ VATVA VCTVC VENVE VGBVG VIRVI VNMVN VUTVU WLFWF WSMWS YEMYE ZAFZA ZMBZM ZWEZW
`
    .trim()
    .split(/\s+/)
    .map((pair) => [pair.slice(0, 3), pair.slice(3)]),
);

type Rows = readonly (readonly string[])[];

/**
 * Columns with each phone's country, by name and by cells: one called “country code” by its name alone, one called
 * “country” when some of its cells name countries, one called “prefix” when they are codes with a + or 00 (and in
 * doubt, when they are codes without). None, one, or several that differ in some row.
 */
export function countryCandidates(columns: readonly string[], rows: Rows): readonly CountryColumn[] {
  const named = allCandidates(columns, 'country').filter(({ index, rank }) => isMeant(rows, index, rank));
  const doubtful = columns.flatMap((column, index): Candidate[] => {
    if (!DOUBTFUL_KEYS.has(headerKey(column)) || !hold(rows, index, isCountry)) return [];
    return [{ index, rank: hold(rows, index, isMarkedCode) ? NAMED : IN_DOUBT }];
  });
  const all = [...named, ...doubtful];
  const best = Math.min(...all.map(({ rank }) => rank));
  const found = all.flatMap(({ index, rank }) =>
    rank === best ? [{ index, inDoubt: rank === IN_DOUBT }] : [],
  );
  const [first, ...others] = found;
  const agree = others.every((other) => rows.every((row) => country(row, first) === country(row, other)));
  return agree ? found.slice(0, 1) : found;
}

/** Column with the country, or with codes that may be area codes that look like country codes. */
export interface CountryColumn {
  readonly index: number;
  readonly inDoubt: boolean;
}

const DOUBTFUL_KEYS = new Set(DOUBTFUL.map(headerKey));
const NAMED = 1;
const IN_DOUBT = 9;

function isMeant(rows: Rows, index: number, rank: number): boolean {
  return rank <= NAMED || hold(rows, index, isCountry);
}

/** Whether a quarter of the cells pass the test. Enough, because a bare number without a country is not read. */
function hold(rows: Rows, index: number, test: (cell: string) => boolean): boolean {
  const cells = rows.map((row) => row[index] ?? '').filter((cell) => !isBlankCountry(cell));
  return cells.length > 0 && cells.filter(test).length * 4 >= cells.length;
}

function isCountry(cell: string): boolean {
  return readCountryCell(cell) !== undefined;
}

function country(row: readonly string[], column: CountryColumn | undefined): CountryCode | undefined {
  return readCountryCell(row[column?.index ?? -1] ?? '')?.country;
}
