import { listed, type Names } from './header-key.ts';

/** How a column is called that says from which country each phone is. */
export const COUNTRY: Names = {
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
  // Also what has nothing to do with the phone: the cells have to name countries.
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

/** Names of an area code as well: a country's code where the cells are written with + or 00, and else in doubt. */
export const DOUBTFUL: readonly string[] = listed(`
  code, phone code, prefix, phone prefix, dial prefix, area code, prefijo, prefixo, código, codigo, Vorwahl, код, kod, 区号, 區號
  kode, önek, קידומת, پیش شماره
`);
