import { describe, expect, it } from 'vitest';
import { nameColumns, nameIn } from '../../../src/cohort/columns/header-words.ts';

const named = (header: string) => nameColumns(header.split(',')).map((at) => header.split(',')[at]);

describe('the columns of the name', () => {
  it.each([
    ['Timestamp,Name,Phone', ['Name']],
    ['Timestamp,Email address,What is your full name?,WhatsApp number', ['What is your full name?']],
    ['id,FULL_NAME,phone', ['FULL_NAME']],
    ['Student Name,Father’s Name,Phone', ['Student Name']],
    ["Father's name,Name", ['Name']],
    ['Emergency contact name,Your name', ['Your name']],
    ['Last Name,First Name,Phone', ['First Name', 'Last Name']],
    ['Name,Surname,Mobile', ['Name', 'Surname']],
    ['Nome,Cognome,Telefono', ['Nome', 'Cognome']],
    ['Nome completo,Telefone', ['Nome completo']],
    ['Nombre,Apellidos,Móvil', ['Nombre', 'Apellidos']],
    ['Nombre,Teléfono', ['Nombre']],
    ['Prénom,Nom,Portable', ['Prénom', 'Nom']],
    ['Nom,Téléphone', ['Nom']],
    ['Vorname,Nachname,Handy', ['Vorname', 'Nachname']],
    ['Nama Lengkap,No. WA', ['Nama Lengkap']],
    ['Ad Soyad,Telefon', ['Ad Soyad']],
    ['ФИО,Телефон', ['ФИО']],
    ['Имя,Фамилия', ['Имя', 'Фамилия']],
    ['الاسم,الهاتف', ['الاسم']],
    ['नाम,फोन', ['नाम']],
    ['姓名,电话', ['姓名']],
    ['氏名,電話', ['氏名']],
    ['이름,전화', ['이름']],
    ['First name,Phone', ['First name']],
    ['Group name,Phone', []],
    ['Name of your course,Batch name,Company Name,Username,Phone', []],
    ['Mother’s name,Guardian name,Phone', []],
    ['phone,chat_id', []],
  ])('%s', (header, names) => expect(named(header)).toEqual(names));

  it('are none of another role', () => expect(nameColumns(['name', 'phone'], [0])).toEqual([]));

  it('give a name on one line, and none where they are blank', () => {
    expect(nameIn(['x', ' Asha\n', '\tRao '], [1, 2])).toBe('Asha Rao');
    expect(nameIn(['x', ' ', ''], [1, 2])).toBe('');
    expect(nameIn(['x'], [1, 2])).toBe('');
    expect(nameIn(['Ann\u001b[31m'], [0])).toBe('Ann [31m');
  });
});
