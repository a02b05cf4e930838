import { COUNTRY } from './header/country-names.ts';
import { listed, type Names } from './header/header-key.ts';
import { PHONE } from './header/phone-names.ts';

/**
 * The header names by which a cohort's columns are known, in the languages of WhatsApp's largest countries: English,
 * Hindi, Portuguese, Indonesian, Spanish, Russian, German, Italian, French, Arabic; with Turkish, Dutch, Chinese,
 * Vietnamese, Thai, Korean, Japanese, Hebrew, Persian, Greek, Finnish, Bengali, Tamil, Urdu and Marathi beside them.
 * Compared as `headerKey` leaves them, so case, spaces, punctuation and accents differ freely.
 */
export type Role = 'chat' | 'phone' | 'sender' | 'country';

export const ALIASES: Readonly<Record<Role, Names>> = {
  // Few, and nothing weak: a column that is not meant to say which phone sends must not be taken for one.
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
