/** Header names of a column, by how certain they are. */
export interface Names {
  /** The API's own word: beats every other name. */
  readonly exact: readonly string[];
  /** Unambiguous names. Two of them are two candidates. */
  readonly strong: readonly string[];
  /** Ambiguous names: used only without a better candidate. */
  readonly weak: readonly string[];
  /** Words inside a longer header, such as a form's question: the last resort. */
  readonly inside: RegExp;
  /** Words in a longer header that exclude the column. */
  readonly never: RegExp;
}

/**
 * Comparison key of a header: without case, spaces, punctuation and accents; Arabic letters that people type in two
 * ways are unified.
 */
export function headerKey(header: string): string {
  return header
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
    .replace(/[يى]/g, 'ی')
    .replace(/ك/g, 'ک')
    .replace(/ة/g, 'ه');
}

/** Names of a list separated by commas and line ends. */
export function listed(text: string): readonly string[] {
  return text
    .split(/[,\n]/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Pattern for a key that holds one of the listed words. */
export function anyOf(text: string): RegExp {
  return new RegExp(listed(text).map(headerKey).join('|'));
}

export const PHONE: Names = {
  exact: [],
  strong: listed(`
    phone, phone number, phone no, phone num, phone nr, phones, ph, ph no, ph num, ph number, phn, phn no
    mobile, mobile number, mobile no, mobile num, mobile nr, mobile phone, mobile phone number, mob, mob no, mob num, mob number
    mbl, mbl no, cell, cell phone, cell number, cell no, cell phone number, cellphone, telephone, telephone number
    telephone no, tel, tel no, tel number, tel nr, no tel, num tel, tel mobile, mobile tel, tel whatsapp
    whatsapp, whatsapp number, whatsapp no, whatsapp num, whatsapp phone, whatsapp phone number, whatsapp mobile
    whatsapp contact, whatsapp contact number, whatsapp id, what’s app, what’s app number, whats app no, whatsap, whatsap number
    watsapp, watsapp number, watsapp no, wa number, wa no, wa phone, contact number, contact no, contact phone, contact mobile
    contact phone number, contact mobile number, contact tel, msisdn, e164, phone e164, phone value, primary phone
    primary phone number, primary mobile, main phone, phone with country code, phone number with country code
    mobile number with country code, whatsapp number with country code, participant phone, student phone, student mobile

    teléfono, número de teléfono, número teléfono, nº de teléfono, nro de teléfono, nº teléfono, teléfono móvil
    teléfono celular, móvil, celular, número de celular, número celular, nº de celular, nº celular, número de móvil, número móvil
    tel cel, tel celular, tel móvil, nº tel, número tel, número de whatsapp, número whatsapp, nº whatsapp, nº de whatsapp
    telefone, número de telefone, nº de telefone, nº telefone, telefone celular, telefone móvel, telemóvel, fone

    Telefon, Telefonnummer, Telefon Nr, Tel Nr, Handy, Handynummer, Handy Nr, Mobil, Mobilnummer, Mobil Nr, Mobiltelefon
    Mobilfunknummer, Rufnummer, WhatsApp Nummer, WhatsApp Nr
    tél portable, tél mobile, n° tél, n° de tél, numéro tél, numéro de tél, téléphone, numéro de téléphone, numéro téléphone, n° de téléphone, n° téléphone, téléphone portable, téléphone mobile
    numéro de portable, numéro de mobile, n° de portable, n° portable, portable, numéro whatsapp, n° whatsapp
    cellulare, numero di telefono, numero telefono, numero di cellulare, numero cellulare, n° di telefono, n° cellulare
    recapito telefonico, numero whatsapp
    telefoonnummer, telefoon, telefoonnr, mobiel, mobiel nummer, mobiele nummer, gsm, gsm nummer, whatsapp nummer

    nomor telepon, no telepon, no telp, no tlp, nomor telp, telepon, telp, nomor hp, no hp, hp, nomor handphone, no handphone
    handphone, nomor ponsel, no ponsel, ponsel, nomor whatsapp, no whatsapp, nomor wa, no wa
    telefon numarası, telefon no, cep telefonu, cep telefonu numarası, cep, cep no, cep tel, cep numarası, gsm no, gsm numarası
    whatsapp numarası

    телефон, номер телефона, мобильный, мобильный телефон, номер мобильного, моб телефон, моб, моб номер, сотовый
    сотовый телефон, тел, номер тел, ватсап, вотсап, номер whatsapp, номер ватсап

    هاتف, الهاتف, رقم الهاتف, رقم هاتف, جوال, الجوال, رقم الجوال, رقم جوال, موبايل, الموبايل, رقم الموبايل, رقم موبايل, المحمول
    رقم المحمول, تلفون, رقم التلفون, واتساب, الواتساب, رقم الواتساب, رقم واتساب
    تلفن, شماره تلفن, موبایل, شماره موبایل, تلفن همراه, شماره تلفن همراه, شماره همراه, شماره تماس, واتساپ, شماره واتساپ
    فون, فون نمبر, موبائل, موبائل نمبر, ٹیلی فون, ٹیلی فون نمبر, رابطہ نمبر, واٹس ایپ, واٹس ایپ نمبر
    טלפון, מספר טלפון, מס׳ טלפון, טל, נייד, מספר נייד, טלפון נייד, מספר טלפון נייד, פלאפון, סלולרי, טלפון סלולרי, וואטסאפ, ווטסאפ
    מספר וואטסאפ, מספר ווטסאפ

    टेलीफोन, टेलीफ़ोन, फोन, फ़ोन, फोन नंबर, फ़ोन नंबर, फोन नम्बर, फोन न, मोबाइल, मोबाइल नंबर, मोबाइल नम्बर, मोबाइल न, मो नं, दूरभाष
    दूरभाष संख्या, व्हाट्सएप, व्हाट्सऐप, व्हाट्सएप नंबर, संपर्क नंबर
    मोबाईल, मोबाईल नंबर, मोबाईल क्रमांक, मोबाइल क्रमांक, फोन क्रमांक, दूरध्वनी, दूरध्वनी क्रमांक, भ्रमणध्वनी, भ्रमणध्वनी क्रमांक
    संपर्क क्रमांक, व्हॉट्सअॅप, व्हॉट्सॲप, व्हॉट्सअॅप नंबर, व्हॉट्सॲप नंबर, व्हॉट्सॲप क्रमांक
    ফোন, ফোন নম্বর, ফোন নাম্বার, ফোন নং, মোবাইল, মোবাইল নম্বর, মোবাইল নাম্বার, মোবাইল নং, টেলিফোন, টেলিফোন নম্বর, হোয়াটসঅ্যাপ
    হোয়াটসঅ্যাপ নম্বর, হোয়াটসঅ্যাপ নাম্বার
    தொலைபேசி, தொலைபேசி எண், கைபேசி, கைபேசி எண், அலைபேசி, அலைபேசி எண், மொபைல், மொபைல் எண், மொபைல் நம்பர், போன், போன் நம்பர்
    செல்போன், வாட்ஸ்அப், வாட்ஸ்அப் எண்

    điện thoại, số điện thoại, sđt, số đt, đt, đtdđ, di động, số di động, điện thoại di động, số điện thoại di động, số whatsapp
    dien thoai, so dien thoai, sdt, so dt, di dong, so di dong, dien thoai di dong, so dien thoai di dong
    โทรศัพท์, เบอร์โทรศัพท์, เบอร์โทร, หมายเลขโทรศัพท์, มือถือ, เบอร์มือถือ, โทรศัพท์มือถือ, เบอร์โทรศัพท์มือถือ, หมายเลขโทรศัพท์มือถือ, เบอร์ติดต่อ, เบอร์
    เบอร์ whatsapp
    전화, 전화번호, 휴대폰, 휴대폰 번호, 휴대전화, 휴대전화 번호, 핸드폰, 핸드폰 번호, 연락처, 모바일, 폰번호, 왓츠앱, 왓츠앱 번호
    電話, 電話番号, お電話番号, 携帯, 携帯電話, 携帯番号, 携帯電話番号, ケータイ, モバイル, ワッツアップ, whatsapp番号
    电话, 电话号码, 联系电话, 手机, 手机号, 手机号码, 移动电话, 電話號碼, 聯絡電話, 手機, 手機號碼, 手機號, 行動電話
    τηλέφωνο, αριθμός τηλεφώνου, αρ τηλεφώνου, τηλ, κινητό, κινητό τηλέφωνο, αριθμός κινητού, κιν
    puhelin, puhelinnumero, puhelinnro, puh, puh nro, puh numero, matkapuhelin, matkapuhelinnumero, kännykkä, kännykkänumero
    whatsapp numero
  `),
  weak: listed(`
    contact, contacts, number, national number, local number, subscriber number, participant, wa, contacto, contato, Kontakt, contatto, kontak, контакт, número, numero, Nummer
    numéro, nomor, номер, رقم, संपर्क, नंबर, नम्बर, portatile, numara, 号码, 號碼, liên hệ, 番号, 連絡先, מספר, شماره, نمبر, αριθμός
    επικοινωνία, নম্বর, যোগাযোগ, எண்
  `),
  inside: anyOf(`
    phone, mobile, whatsapp, whatsap, watsapp, alternate number, alternate no, alternate contact, secondary number, telefon, telefone, telefono, celular, cellulare, handynummer, mobilnummer, telefoon
    telepon, ponsel, handphone, nomor hp, no hp, телефон, ватсап, вотсап, هاتف, جوال, واتساب, موبايل, تلفن, واتساپ, موبائل
    فون, טלפון, וואטסאפ, ווטסאפ, फोन, मोबाइल, मोबाईल, ফোন, মোবাইল, தொலைபேசி, கைபேசி, அலைபேசி, மொபைல், điện thoại, dien thoai
    โทรศัพท์, เบอร์โทร, มือถือ, 전화, 휴대폰, 핸드폰, 電話, 携帯, 电话, 手机, 手機, τηλέφων, τηλεφών, κινητό, puhelin
  `),
  never: new RegExp(
    `${
      anyOf(`
      group, chat, grup, groep, групп, مجموع, समूह, nhóm, กลุ่ม, 그룹, グループ, קבוצ, گروه, گروپ, ομάδα, ryhmä, গ্রুপ, குழு, 群
      model, consent, agree, optin, donot, verified, status
    `).source
    }|namen?$|type$|^old|^former|^previous|^(?:tele)?fax|faxn|id$`,
  ),
};

const COUNTRY: Names = {
  exact: [],
  strong: listed(`
    country code, country codes, phone country code, phone number country code, mobile country code, whatsapp country code
    country code phone, country phone code, country dial code, country dialing code, country dialling code, country calling code
    dial code, dialing code, dialling code, calling code, phone dial code, phone calling code, international code
    international dialing code, isd code, country isd code, phone country, mobile country, country iso, country iso code
    iso country, iso country code, country iso2, country alpha 2

    código de país, código del país, código país, cod país, código telefónico de país, prefijo internacional
    prefijo de país, prefijo país, prefijo del país, indicativo del país, indicativo de país, indicativo país
    código do país, cód do país, ddi do país, código ddi, indicativo do país, prefixo internacional
    code pays, code du pays, indicatif pays, indicatif du pays, indicatif téléphonique, indicatif international
    codice paese, codice del paese, prefisso internazionale, prefisso paese
    Ländervorwahl, Landesvorwahl, internationale Vorwahl, Länderkennzahl, Landeskennzahl, Ländercode, Landescode, Ländercode Telefon
    Länderkennung, landcode, landnummer, landennummer, landencode
    ülke kodu, ülke telefon kodu, telefon ülke kodu, kode negara, kode telepon negara, код страны, телефонный код страны
    رمز الدولة, كود الدولة, مفتاح الدولة, رمز البلد, كود البلد, کد کشور, پیش شماره کشور, ملک کا کوڈ, کنٹری کوڈ
    קידומת מדינה, קוד מדינה, קידומת בינלאומית
    देश कोड, देश का कोड, कंट्री कोड, देशाचा कोड, দেশের কোড, কান্ট্রি কোড, நாட்டின் குறியீடு, நாட்டு குறியீடு, நாட்டுக் குறியீடு
    mã quốc gia, mã nước, mã vùng quốc gia, ma quoc gia, รหัสประเทศ, 국가 코드, 국가 번호, 国番号, 国コード
    国家代码, 国家码, 国码, 国家区号, 国际区号, 国际冠码, 國碼, 國家代碼, 國家碼, 國際區號, κωδικός χώρας, maakoodi, maatunnus, maanumero
  `),
  // Also names unrelated to the phone: the cells have to name countries.
  weak: listed(`
    country, country name, country region, country or region, country territory, country of phone, nation, iso, iso2, cc
    país, pais, Land, pays, paese, ülke, negara, страна, الدولة, دولة, البلد, بلد, کشور, ملک, מדינה, ארץ, देश, দেশ, நாடு
    quốc gia, nước, quoc gia, ประเทศ, 국가, 国, 国家, 國家, 国家地区, 国名, χώρα, maa
    ddi, isd, indicatif, indicativo, prefisso
  `),
  inside:
    /countrycode|dialcode|diallingcode|dialingcode|callingcode|codigodopais|codigodepais|indicatifpays|landervorwahl/,
  never: /with|without|incl|phonenumber|mobilenumber|whatsappnumber|con|com|avec|mit|sans|sem|sin|ohne/,
};

/** Names that also mean an area code: a country code where the cells are written with + or 00, otherwise in doubt. */
export const DOUBTFUL: readonly string[] = listed(`
  code, phone code, prefix, phone prefix, dial prefix, area code, prefijo, prefixo, código, codigo, Vorwahl, код, kod, 区号, 區號
  kode, önek, קידומת, پیش شماره
`);

/**
 * Header names of a cohort's columns, in the languages of WhatsApp's largest countries: English, Hindi, Portuguese,
 * Indonesian, Spanish, Russian, German, Italian, French, Arabic; also in Turkish, Dutch, Chinese, Vietnamese, Thai,
 * Korean, Japanese, Hebrew, Persian, Greek, Finnish, Bengali, Tamil, Urdu and Marathi. Compared by `headerKey`, so
 * case, spaces, punctuation and accents do not matter.
 */
export type Role = 'chat' | 'phone' | 'sender' | 'country';

export const ALIASES: Readonly<Record<Role, Names>> = {
  // Few names and no weak ones: an unrelated column must not be taken for the sending phone.
  sender: {
    exact: ['sender', 'x_phone'],
    strong: ['sender phone', 'sender number', 'sending phone'],
    weak: [],
    inside: /^(?!)/,
    never: /^$/,
  },
  chat: {
    exact: ['chat_id'],
    strong: listed(`
      group id, group chat id, whatsapp group id, wa group id, group jid, group chat, chat jid, whatsapp chat id
      id grupo, id del grupo, id do grupo, grupo id, gruppen id, id gruppo, gruppo id, id groupe, id du groupe
      identifiant du groupe, groupe id, id grup, grup id, ид группы, id группы, айди группы, معرف المجموعة, समूह आईडी, ग्रुप आईडी
      groep id, 群组id, 群id, id nhóm, nhóm id, mã nhóm, ไอดีกลุ่ม, รหัสกลุ่ม, 그룹 id, 그룹 아이디, グループid, מזהה קבוצה
      شناسه گروه, گروپ آئی ڈی, id ομάδας, αναγνωριστικό ομάδας, ryhmän id, ryhmä id, ryhmän tunnus, গ্রুপ আইডি, குழு ஐடி
      गट आयडी, ग्रुप आयडी
    `),
    weak: listed(`
      group, chat, whatsapp group, wa group, jid, groupchat, grupo, grupo de whatsapp, grupo whatsapp, gruppe
      whatsapp gruppe, gruppo, gruppo whatsapp, groupe, groupe whatsapp, grup, grup whatsapp, группа, чат, المجموعة, مجموعة
      الدردشة, समूह, ग्रुप, चैट, groep, 群组, 群, nhóm, nhóm whatsapp, กลุ่ม, 그룹, 단체방, グループ, קבוצה, گروه, گروپ, ομάδα
      ryhmä, গ্রুপ, குழு, गट
    `),
    inside: /chatid|groupid|groupchatid|idgrupo|grupoid|gruppenid|idgruppo|idgroupe|идгруппы/,
    never: /^$/,
  },
  phone: PHONE,
  country: COUNTRY,
};
