/**
 * Words in headers beside the names of roles: columns with names of groups, used only when no column has their ids; with
 * names of people, for display; and with numbers of somebody else, which are nobody's of the cohort.
 */
import { anyOf, headerKey, listed } from './names.ts';

/** Header names of a column with the names of groups. */
const GROUP = keys(`
  batch, batches, batch name, your batch, batch no, batch number, cohort, cohort name, group name, groups, name of group
  name of the group, whatsapp group name, wa group name, chat name, class, class name, section, team, team name
  turma, nome da turma, nome do grupo, grupo nome, lote, nombre del grupo, nombre grupo, grupo nombre, clase, curso y grupo
  Gruppenname, Name der Gruppe, Klasse, Kurs, nom du groupe, nom groupe, classe, nome gruppo, nome del gruppo
  groepsnaam, klas, nama grup, nama kelas, kelas, angkatan, grup adı, sınıf, название группы, имя группы, класс, поток
  اسم المجموعة, الدفعة, الصف, نام گروه, گروپ کا نام, کلاس, שם הקבוצה, כיתה, बैच, बैच का नाम, समूह का नाम, कक्षा, ग्रुप का नाम
  ব্যাচ, গ্রুপের নাম, குழு பெயர், வகுப்பு, गटाचे नाव, tên nhóm, lớp, ชื่อกลุ่ม, ห้องเรียน, 그룹명, 그룹 이름, 반
  グループ名, クラス, 群名, 群名称, 群组名称, 班级, 班級, όνομα ομάδας, τμήμα, ryhmän nimi, luokka
`);
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

/**
 * Header words for a number of another person. A whole word; with `*` also a part of a longer one; with `**` several
 * words written as one.
 */
const SOMEBODY_ELSE = listed(`
  emergenc*, guardian*, parent*, father*, mother*, mom, moms, mum, mums, mummy, mommy, dad, dads, daddy, spouse*, husband*, wife
  wifes, partner*, fiance, kin, nextofkin**, relative*, sibling*, brother*, sister*, aunt, uncle, grandm*, grandp*, sons
  daughter*, family*, reference, references, referee*, referral*, referrer*, referred, sponsor*, driver*, chauffeur*, mentor*, teacher*
  tutor*, coach*, trainer*, instructor*, lecturer*, professor*, agent*, sales*, manager*, supervisor*, boss, employer*
  recruiter*, interviewer*, witness*, guarantor*, nominee*, landlord*, neighbour*, neighbor*, friend*, doctor*, physician*
  caregiver*, caretaker*, carer, escort*, chaperone*, counselor*, counsellor*, advisor*, adviser*, coordinator*
  warden*, secretary*, assistant*, helpline*, hotline*, helpdesk*, support, vendor*, supplier*, dealer*, distributor*, broker*
  leader*, introducer*, school*, college*, university*, hospital*, clinic*, company*, headmaster*, nurse*, lawyer*, attorney*

  notfall*, eltern*, vater*, mutter*, mama, mamas, papa, papas, erziehungsberechtigt*, vormund*, betreuer*, ehefrau*, ehemann*
  ehegatt*, gatte, gattin, angehörig*, verwandt*, bruder*, schwester*, großmutter*, großvater*, oma, opa, lehrer*, pate, patin
  fahrer*, bürge, arbeitgeber*, vorgesetzt*, chef, chefs, vermieter*, nachbar*, freund*, arzt, hausarzt*, ärztin, referenz, referenzen
  ansprechpartner*, zeuge, vertreter*, verkäufer*, berater*, makler*, schule, schul*, firma, ausbilder*

  emergência*, responsável*, responsave*, pais, pai, mãe, mães, parente*, familiar*, cônjuge*, marido*, esposa*, esposo*
  companheir*, avô, avó, avós, irmão*, irmã, tio, tia, padrinho*, madrinha*, tutor*, professor*, patrocin*, motorista*, condutor*
  gerente*, chefe*, supervisor*, vendedor*, consultor*, corretor*, referência, referências, indicaç*, indicad*, fiador*, testemunha*, amigo*
  amiga*, vizinh*, médic*, escola*, empresa*, acompanhante*, encarregad*, treinador*, instrutor*, coordenador*, orientador*
  emergencia*, padre, padres, madre, madres, mamá, papá, apoderad*, acudiente*, representante*, responsable*, cónyuge*, pareja*
  pariente*, hermano*, hermana*, abuelo*, abuela*, tío, tía, referencia, referencias, padrino*, madrina*, conductor*, chofer*, profesor*
  maestr*, docente*, jefe, jefa, asesor*, agente*, testigo*, aval, garante*, vecin*, escuela*, colegio*, acompañante*
  entrenador*, encargad*, recomendad*
  urgence*, père, pères, mère, mères, maman*, tuteur*, tutrice*, conjoint*, époux, épouse*, mari, femme, proche, proches, famille*, frère*
  sœur*, soeur*, oncle*, tante, grandpère**, grandmère**, référence, références, référent, parrain*, marraine*, conducteur*, professeur*
  enseignant*, maître*, gérant*, directeur*, directrice*, vendeur*, conseiller*, témoin*, garant*, ami, amie, voisin*, médecin*
  école*, entreprise*, accompagnat*, entraîneur*, formateur*, employeur*, nourrice*
  emergenz*, genitor*, papà, mamma*, tutore*, coniuge*, marito*, moglie*, fratello*, sorella*, nonno*, nonna*, zio, zia
  referente, riferimento*, autista*, conducent*, insegnante*, professore*, maestro*, capo, direttor*, venditor*, consulent*
  testimone*, amico, amica, vicino, medico*, scuola*, azienda*, accompagnator*, allenator*, istruttor*, datore
  nood, noodnum*, noodcontact*, noodgeval*, ouder, ouders, vader*, moeder*, voogd*, verzorger*, echtgeno*, familie*, broer*, zus, referentie, referenties, bestuurder*, leraar*
  baas, werkgever*, verkoper*, getuige*, vriend*, buurman*, buurvrouw*, huisarts*, bedrijf*, begeleid*, contactpersoon*

  darurat*, orangtua**, orangtua*, ortu, wali, ayah, ibu, suami*, istri, isteri, pasangan*, saudara*, kakak*, adik*, paman*, bibi, kakek*, nenek*
  keluarga*, kerabat*, referensi*, sopir*, supir*, pengemudi*, guru, dosen*, pembimbing*, pelatih*, manajer*, atasan*, penjual*
  agen, saksi, penjamin*, teman, tetangga*, dokter*, sekolah*, perusahaan*, pendamping*, pengasuh*
  acil, veli, velinin, velisi, velisinin, ebeveyn*, anne, annenin, annesi, annesinin, baba, babanın, babası, babasının, eşi, eşinin
  kardeş*, aile, ailesi, ailenin, ailesinin, yakını*, yakınının, akraba*, referans*, şoför*, sürücü*, öğretmen*, hoca, müdür*, yönetici*, patron*, satıcı*
  temsilci*, tanık*, kefil*, arkadaş*, komşu*, doktor*, okul*, şirket*, refakatçi*, antrenör*, danışman*, vasi, vasinin

  экстрен*, родител*, отец, отца, мать, матери, мама, мамы, папа, папы, опекун*, представител*, супруг*, муж, мужа, жена, жены
  партнер*, родственник*, брат, брата, сестра, сестры, дедушк*, бабушк*, близк*, рекоменд*, спонсор*, водител*, учител*, преподавател*
  наставник*, ментор*, тренер*, руководител*, начальник*, директор*, менеджер*, продавц*, агент*, свидетел*, поручител*, друг
  друга, подруг*, сосед*, врач*, школ*, компани*, сопровожд*, куратор*, воспитател*, работодател*

  طوارئ, ولي, والد, والدة, والدين, الأب, الأم, زوج, زوجة, قريب, اقارب, كفيل, راعي, سائق, معلم, مدرس, مدرب, مرشد, مشرف, مدير, مرجع
  صديق, جار, طبيب, مدرسة, شركة, مندوب, وكيل, شاهد, ضامن, عائلة, موجه
  اضطراری, پدر, مادر, سرپرست, همسر, شوهر, بستگان, معرف, ضامن, حامی, راننده, استاد, مربی, دوست, پزشک, مدرسه, شرکت
  ہنگامی, ایمرجنسی, والدہ, بیوی, رشتہ, ڈرائیور, سکول, اسکول
  חירום, הורה, הורים, אבא, אמא, האב, אפוטרופוס, בןזוג**, בתזוג**, בעל, אישה, קרוב, ממליץ, נהג, מורה, מנטור, מאמן, מנהל, חבר, רופא
  ביתספר**, חברה, ערב

  आपात*, अभिभावक*, माता, पिता, पति, पत्नी, भाई, बहन, परिवार, रिश्तेदार*, प्रायोजक*, ड्राइवर*, चालक*, शिक्षक*, अध्यापक*, गुरु, मार्गदर्शक*
  मेंटर*, प्रबंधक*, मित्र, दोस्त, पड़ोसी, डॉक्टर*, स्कूल*, कंपनी*, एजेंट*, संदर्भ, गवाह, इमरजेंसी*, पालक*, वडील, वडिलांचा, वडिलांचे, आई, आईचा
  नातेवाईक*, मित्राचा, शाळा
  জরুরি*, জরুরী*, অভিভাবক*, পিতা*, মাতা*, বাবা*, মা, মায়ের, স্বামী*, স্ত্রী*, ভাই, বোন, আত্মীয়*, স্পনসর*, চালক*, ড্রাইভার*, শিক্ষক*, মেন্টর*
  ব্যবস্থাপক*, বন্ধু*, ডাক্তার*, স্কুল*
  அவசர*, பெற்றோர்*, பாதுகாவலர்*, தந்தை*, தாய், தாயின், அப்பா*, அம்மா*, கணவர்*, கணவன்*, மனைவி*, உறவினர்*, ஓட்டுநர்*, ஆசிரியர்*, மேலாளர்*
  நண்பர்*, மருத்துவர்*, பள்ளி*

  khẩncấp**, phụhuynh**, chồng, ngườithân**, giámhộ**, bảolãnh**, tàixế**, láixe**, giáoviên**, quảnlý**, bácsĩ**, côngty**
  giớithiệu**, bảotrợ**, tàitrợ**
  ฉุกเฉิน*, ผู้ปกครอง*, บิดา*, มารดา*, พ่อ*, แม่*, คู่สมรส*, สามี*, ภรรยา*, ญาติ*, ผู้สนับสนุน*, คนขับ*, ครู*, อาจารย์*, พี่เลี้ยง*, ผู้จัดการ*, หัวหน้า*, เพื่อน*, แพทย์*
  โรงเรียน*, บริษัท*, ผู้แนะนำ*, ผู้ค้ำประกัน*
  비상*, 긴급*, 보호자*, 부모*, 아버지*, 어머니*, 배우자*, 남편*, 아내*, 가족*, 친척*, 추천인*, 후원*, 기사*, 운전*, 교사*, 선생*, 멘토*, 코치*, 매니저*, 상사*
  친구*, 의사*, 학교*, 회사*, 보증인*
  緊急*, 保護者*, 両親*, 父*, 母*, 配偶者*, 夫*, 妻*, 家族*, 親*, 紹介者*, 保証人*, スポンサー*, 運転手*, ドライバー*, 先生*, 教師*, 担任*, メンター*, コーチ*
  上司*, マネージャー*, 友人*, 医師*, 学校*, 会社*, 勤務先*
  紧急*, 监护人*, 監護人*, 家长*, 家長*, 爸*, 妈*, 媽*, 配偶*, 亲属*, 親屬*, 亲戚*, 推荐人*, 推薦人*, 介绍人*, 介紹人*, 担保人*, 擔保人*, 赞助*, 贊助*, 司机*, 司機*
  老师*, 老師*, 教师*, 导师*, 導師*, 教练*, 教練*, 经理*, 經理*, 主管*, 老板*, 老闆*, 朋友*, 邻居*, 鄰居*, 医生*, 醫生*, 学校*, 學校*, 公司*, 销售*, 銷售*, 代理*
  έκτακτ*, ανάγκη*, γονέ*, γονι*, κηδεμόν*, πατέρα*, μητέρα*, σύζυγ*, συγγεν*, χορηγ*, οδηγ*, δασκάλ*, δάσκαλ*, καθηγητ*, μέντορ*, προπονητ*
  διευθυντ*, φίλος, φίλου, φίλη, γιατρ*, σχολ*, εταιρ*, εγγυητ*
  hätänumero*, hätäyhtey*, huoltaja*, vanhempi*, vanhemm*, isä, isän, äiti, äidin, puoliso*, vaimo*, sukulai*, omaise*, lähiomai*, kuljetta*, opetta*
  valmenta*, esimie*, ystävä*, lääkäri*, koulu*, suosittelija*, takaaja*

  child*, kid, kids, cousin*, nephew*, niece*, stepdad*, inlaws**, roommate*, flatmate*, classmate*, colleague*, coworker**
  contactperson**, personincharge**, poc, spoc, pic, nok, ice, hod, faculty, admin, admins, proxy, upline*, downline*, inviter*
  invitedby**, whoinvited**, recommendedby**, recruitedby**, addedby**, registeredby**, filledby**, personfilling**
  surveyor*, enumerator*, fieldofficer**, caseworker**, socialworker**, customercare**, customerservice**, courier*
  someoneelse**, somebodyelse**, otherperson**, anotherperson**, secondperson**, significantother**, trustedcontact**
  pita, pitaji, mata, mataji, maa, pati, patni, bhai, behen, bahan, beti, abhibhavak*, chacha
  kind, kindes, kinder*, sohn*, söhne*, tochter*, töchter*, neffe*, nichte*, onkel*, enkel, enkels, enkelin, schwieger*, kolleg*
  leiter*, werber, werbers, geworben*, empfohlen*, empfehl*, eingeladenvon**, kontaktperson*, zoon, dochter*, collega*
  hijo, hija, hijos, hijas, nieto*, sobrin*, primo, prima, cuñad*, suegr*, yerno, nuera, compañer*, líder, quienteinvit**
  quieninvit**, invitadopor**, otrapersona**, filho, filha, filhos, filhas, neto, neta, sogr*, cunhad*, genro, colega*, quemindicou**
  quemconvidou**, convidadopor**, anfitri*, síndic*, recado*, outrapessoa**
  fils, fille, enfant*, neveu, gendre, collègue*, invitépar**, autrepersonne**, personneàcontacter**
  figlio, figlia, figli, nipote, suocer*, cognat*, cugin*, invitatoda**, altrapersona**
  bapak, anak, ketua, koordinator*, penanggungjawab**, panitia, rekan, kepala, narahubung*, rujukan, mengajak, pengajak
  mengundang, pengundang, oranglain**, çocuk*, çocuğ*, oğul, oğlu, oğlunun, kızı, kızının, amca, dayı, teyze, torun*, kuzen*, daveteden**
  сын, сына, доч*, ребен*, детей, внук*, внучк*, племянни*, зять, коллег*, контактноголица**, контактноелицо**, пригласивш*
  ктопригласил**, другогочеловека**, ابن, ابنة, ابني, ابنك, ابناء, بنت, طفل, اولاد, مسؤول, والدي, والدك, والده, والدتي, والدتك, والدته
  زوجي, زوجك, زوجتي, زوجتك, اخت, زميل, شخصآخر**, فرزند*, پسر, دختر, همکار*, بیٹا, بیٹے, بیٹی, ילד, ילדה, ילדים, בן, בת, עמית
  बेटा, बेटे, बेटी, बच्चा, बच्चे, पुत्र, पुत्री, पिताजी, माताजी, मम्मी, पापा, माँ, मां, चाचा, मामा, दादा, दादी, नाना, नानी, प्राचार्य*, सहकर्मी
  ছেলে*, সন্তান*, மகன்*, மகள்*, குழந்தை*, contrai**, congái**, ngườimời**, ลูกชาย*, ลูกสาว*, บุตร*, ผู้เชิญ*, 자녀*, 아들*, 딸*, 동료*
  子供*, 息子*, 娘*, 同僚*, 招待者*, 孩子*, 儿子*, 兒子*, 女儿*, 女兒*, 子女*, 同事*, 邀请人*, 邀請人*, παιδι*, συνάδελφ*, lapsi, lapsen, pojan, kollega*
`);

/** Header words for a number that a person no longer has: a network has given it to somebody else. */
const NO_LONGER_THEIRS = listed(`
  old, previous, former, inactive, deactivated, disconnected, discontinued, outdated, obsolete, expired, wrong, incorrect, invalid, blocked, lost
  alte, alten, altes, ehemalig*, frühere*, vorherig*, bisherig*, anterior, anteriores, antiguo, antigua, viejo, vieja, previo, antigo, antiga
  velho, ancien, ancienne, précédent*, vecchio, vecchia, precedente, oud, oude, vorig, vorige, lama, sebelumnya, eski, önceki
  старый, старого, прежн*, бывш*, предыдущ*, قديم, قديمة, سابق, سابقة, قبلی, قدیمی, پرانا, پرانے, ישן, קודם, पुराना, पुराने, पूर्व, जुना
  পুরাতন, পুরনো, পুরানো, பழைய, முந்தைய, เก่า*, 이전*, 예전*, 旧*, 舊*, 以前*, παλι*, προηγ*, vanha, vanhan, entinen, edellinen
`);

/** The text without accents, except for the marks of Indian scripts: without them, पति and पता would be the same. */
function simple(text: string): string {
  return text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[\u0300-\u036f\u064b-\u0655\u05b0-\u05c7]/g, '')
    .normalize('NFC')
    .replace(/[يى]/g, 'ی')
    .replace(/ك/g, 'ک')
    .replace(/ة/g, 'ه');
}

const kinds = (stars: string) =>
  [...SOMEBODY_ELSE, ...NO_LONGER_THEIRS]
    .filter((word) => /\**$/.exec(word)?.[0] === stars)
    .map((word) => simple(word.replaceAll('*', '')));
const wholeWords = new Set(kinds(''));
const parts = kinds('*');
const phrases = kinds('**');

/** Phrases that look like such a word and are not: the country's code, and Indonesian's polite “your”. */
const NOT_MEANT =
  /país|(?:c[oó]d|prefi|indicativ|ddi)\p{L}*\P{L}+(?:d[eo]l?\P{L}+)?pais|bapak\P{L}*(?:dan|atau)?\P{L}*ibu/giu;
/** Vietnamese for father, mother, wife and old: without their marks they are words of other languages. */
const VIETNAMESE = /(?<!\p{L})(?:bố|mẹ|vợ|cũ)(?!\p{L})/iu;

/** Arabic and Hebrew prefixes written as part of a word: the article, “and”, “of”, “for”. */
const PREFIXES = /^(?:[ولب]?(?:ال|لل?)|[והבלמש])/;

/**
 * Whether a header says that its numbers belong to another person: a parent, a driver, an emergency contact, whoever has
 * a person's old number now.
 */
export function isSomebodyElses(header: string): boolean {
  const text = header.normalize('NFC');
  const bare = text
    .replace(NOT_MEANT, ' ')
    .replace(/['’]/g, '')
    .replace(/(\p{Ll})(?=\p{Lu})/gu, '$1 ');
  const words = simple(bare).split(/[^\p{L}\p{M}]+/u);
  const joined = words.join('');
  return (
    VIETNAMESE.test(text) ||
    phrases.some((phrase) => joined.includes(phrase)) ||
    words.some((word) => wholeWords.has(word) || wholeWords.has(word.replace(PREFIXES, ''))) ||
    words.some((word) => parts.some((part) => word.includes(part)))
  );
}
