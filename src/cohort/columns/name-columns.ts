/** Columns with names: of groups, used only when no column has their ids; of people, for display. */
import { anyOf, headerKey, listed } from './names.ts';
import { isSomebodyElses } from './somebody-else.ts';

/** Header names of a column with the names of groups. */
const GROUP = new Set(
  listed(`
    batch, batches, batch name, your batch, batch no, batch number, cohort, cohort name, group name, groups, name of group
    name of the group, whatsapp group name, wa group name, chat name, class, class name, section, team, team name
    turma, nome da turma, nome do grupo, grupo nome, lote, nombre del grupo, nombre grupo, grupo nombre, clase, curso y grupo
    Gruppenname, Name der Gruppe, Klasse, Kurs, nom du groupe, nom groupe, classe, nome gruppo, nome del gruppo
    groepsnaam, klas, nama grup, nama kelas, kelas, angkatan, grup adı, sınıf, название группы, имя группы, класс, поток
    اسم المجموعة, الدفعة, الصف, نام گروه, گروپ کا نام, کلاس, שם הקבוצה, כיתה, बैच, बैच का नाम, समूह का नाम, कक्षा, ग्रुप का नाम
    ব্যাচ, গ্রুপের নাম, குழு பெயர், வகுப்பு, गटाचे नाव, tên nhóm, lớp, ชื่อกลุ่ม, ห้องเรียน, 그룹명, 그룹 이름, 반
    グループ名, クラス, 群名, 群名称, 群组名称, 班级, 班級, όνομα ομάδας, τμήμα, ryhmän nimi, luokka
  `).map(headerKey),
);
/** Words inside a form's question for the group. */
const INSIDE_GROUP = anyOf(`
  batch, cohort, group, which class, which team, which section, turma, grupo, gruppe, gruppo, groupe, grup, groep, групп, مجموع, دفع
  समूह, बैच, ব্যাচ, nhóm, กลุ่ม, 그룹, グループ, קבוצ, گروه, گروپ, ομάδ, ryhm
`);
/** Headers with such a word and another meaning. */
const NEVER_GROUP = new RegExp(
  `${
    anyOf(`
    age group, group age, grupo de edad, grupo etario, faixa etária, blood, sanguin, blut, darah, kan grubu, ethnic, income, date
    timing, start, size, mentor, leader, teacher, admin, link, invite, email, fee, facebook, telegram, why, hear, reason, consent, agree
  `).source
  }|^(?:old|previous|former|last)`,
);

/**
 * Columns that may hold names of groups, by the best kind of header name: none, one, or several that need a decision.
 */
export function groupNameColumns(columns: readonly string[]): readonly number[] {
  const keys = columns.map((column) => (isSomebodyElses(column) ? '' : headerKey(column)));
  const at = (test: (key: string) => boolean) =>
    keys.flatMap((key, index) => (key !== '' && test(key) ? [index] : []));
  const strong = at((key) => GROUP.has(key));
  if (strong.length > 0) return strong;
  return at((key) => INSIDE_GROUP.test(key) && !NEVER_GROUP.test(key));
}

/** Header names of a column with a person's whole name. */
const WHOLE = keys(`
  name, full name, your name, your full name, person, person name, student, student name, student full name, learner, learner name
  participant name, member name, customer name, client name, contact name, attendee, attendee name, candidate name, employee name
  name of student, name of the student, name of participant, name of the participant, display name, fullname
  nome, nome completo, seu nome, seu nome completo, nome do aluno, nome da aluna, nome do participante, nome e sobrenome
  nome e cognome, cognome e nome, nominativo, nombre completo, nombre y apellido, nombre y apellidos, nombres y apellidos
  apellidos y nombres, tu nombre, su nombre, nombre del alumno, nombre del participante, nom complet, nom et prénom, nom prénom
  prénom et nom, noms et prénoms, votre nom, Vor- und Nachname, Vorname und Nachname, Name Vorname, Vorname Name, vollständiger Name
  Ihr Name, nama, nama lengkap, nama siswa, nama peserta, nama penuh, naam, volledige naam, ad soyad, adı soyadı, isim soyisim
  имя и фамилия, фамилия и имя, фамилия имя, фио, полное имя, الاسم, الاسم الكامل, الإسم, اسم الطالب, نام و نام خانوادگی
  नाम, पूरा नाम, नाव, পুরো নাম, নাম, பெயர், పేరు, ಹೆಸರು, പേര്, שם, שם מלא, họ và tên, họ tên, tên, ชื่อ, ชื่อ-นามสกุล
  姓名, 名字, 氏名, お名前, 名前, 성명, 이름
`);

/** Header names of a column with the first name, used together with the last name. */
const FIRST = keys(`
  first name, given name, forename, firstname, fname, nombre, nombres, primer nombre, prénom, Vorname, primeiro nome, nome próprio
  voornaam, nama depan, ad, adı, isim, имя, الاسم الأول, prenome, nome, nom
`);
const LAST = keys(`
  last name, surname, family name, lastname, lname, apellido, apellidos, primer apellido, nom, nom de famille, Nachname, Familienname
  sobrenome, último nome, apelido, cognome, achternaam, nama belakang, soyad, soyadı, soyisim, фамилия, اسم العائلة, اللقب
`);

/** Words inside a form's question for the person's name. */
const INSIDE_PERSON =
  /(?:^|[^\p{L}])(?:full name|your name|student[’']?s? name|name|nome completo|nombre completo|nom complet|nama lengkap|姓名)(?:[^\p{L}]|$)/iu;
/** Words in the header that say that the name is not a person's. */
const NEVER_PERSON =
  /group|batch|course|class|cohort|program|school|college|university|institut|company|organi[sz]ation|business|team|user|file|brand|product|city|town|state|district|country|bank|account|domain|host|event|nick|form|sheet|grupo|curso|turma|empresa|escola|grupp|kurs|firma|groupe|cours|kelas|grup|sekolah|whats|telegram|insta|facebook|e-?mail|phone|mobile/i;

function keys(text: string): ReadonlySet<string> {
  return new Set(listed(text).map(headerKey));
}

/**
 * Columns with the person's name, in writing order: one, a first and a last one, or none. Only for display; they decide
 * nothing.
 * @param taken columns that have another role
 */
export function nameColumns(
  columns: readonly string[],
  taken: readonly (number | undefined)[] = [],
): readonly number[] {
  const free = columns.flatMap((column, index) =>
    taken.includes(index) || isSomebodyElses(column) ? [] : [{ index, column, key: headerKey(column) }],
  );
  const find = (names: ReadonlySet<string>, but?: number) =>
    free.find(({ key, index }) => names.has(key) && index !== but)?.index;
  const first = find(FIRST);
  const last = find(LAST, first);
  const both = first !== undefined && last !== undefined ? [first, last] : undefined;
  const whole = find(WHOLE, last);
  // “Nome, Cognome” are two parts, and so are “Name, Surname”.
  if (whole !== undefined && both === undefined && last !== undefined) return [whole, last];
  if (both !== undefined) return both;
  const one =
    whole ??
    first ??
    free.find(({ column }) => INSIDE_PERSON.test(column) && !NEVER_PERSON.test(column))?.index ??
    last;
  return one === undefined ? [] : [one];
}

/** The name as in the cells, on one line; '' where they are blank. */
export function nameIn(fields: readonly string[], at: readonly number[]): string {
  return at
    .map((index) => (fields[index] ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim())
    .filter((part) => part !== '')
    .join(' ');
}
