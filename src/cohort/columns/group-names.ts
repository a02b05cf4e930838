/** Column with the names of groups: used only when no column has their ids. */
import { anyOf, headerKey, listed } from './names.ts';
import { isSomebodyElses } from './somebody-else.ts';

const STRONG = new Set(
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
/** Words inside a form's question. */
const INSIDE = anyOf(`
  batch, cohort, group, which class, which team, which section, turma, grupo, gruppe, gruppo, groupe, grup, groep, групп, مجموع, دفع
  समूह, बैच, ব্যাচ, nhóm, กลุ่ม, 그룹, グループ, קבוצ, گروه, گروپ, ομάδ, ryhm
`);
/** Headers with such a word and another meaning. */
const NEVER = new RegExp(
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
  const strong = at((key) => STRONG.has(key));
  if (strong.length > 0) return strong;
  return at((key) => INSIDE.test(key) && !NEVER.test(key));
}
