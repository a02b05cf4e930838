import { listed } from './names.ts';

/**
 * Header words for a number of another person. A whole word; with `*` also a part of a longer one; with `**` several
 * words written as one.
 */
const WORDS = listed(`
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
  WORDS.filter((word) => /\**$/.exec(word)?.[0] === stars).map((word) => simple(word.replaceAll('*', '')));
const whole = new Set(kinds(''));
const parts = kinds('*');
const phrases = kinds('**');

/** Phrases that look like such a word and are not: the country's code, and Indonesian's polite “your”. */
const NOT_MEANT =
  /país|(?:c[oó]d|prefi|indicativ|ddi)\p{L}*\P{L}+(?:d[eo]l?\P{L}+)?pais|bapak\P{L}*(?:dan|atau)?\P{L}*ibu/giu;
/** Vietnamese for father, mother and wife: without their marks they are words of other languages. */
const VIETNAMESE = /(?<!\p{L})(?:bố|mẹ|vợ)(?!\p{L})/iu;

/** Arabic and Hebrew prefixes written as part of a word: the article, “and”, “of”, “for”. */
const PREFIXES = /^(?:[ولب]?(?:ال|لل?)|[והבלמש])/;

/** Whether a header says that its numbers belong to another person: a parent, a driver, an emergency contact. */
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
    words.some((word) => whole.has(word) || whole.has(word.replace(PREFIXES, ''))) ||
    words.some((word) => parts.some((part) => word.includes(part)))
  );
}
