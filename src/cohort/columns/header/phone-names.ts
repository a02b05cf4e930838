import { anyOf, listed, type Names } from './header-key.ts';

/** How the phone column is called. */
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
