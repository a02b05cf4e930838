/** Redis in memory, as far as the script of the shared log uses it: it runs that very script, in a Lua in JavaScript. */
import { lauxlib, lua, lualib, to_luastring } from 'fengari';
import { PACE } from '../../../../src/send/rate-limit/redis/scripts.ts';

type Reply = string | number | false | readonly string[];

export class LuaRedis {
  /** Its wall clock, milliseconds. */
  readonly #clock: () => number;
  readonly #hashes = new Map<string, Map<string, string>>();
  readonly #sets = new Map<string, Map<string, number>>();
  readonly #state = lauxlib.luaL_newstate();

  constructor(clock: () => number) {
    this.#clock = clock;
    lualib.luaL_openlibs(this.#state);
    lua.lua_createtable(this.#state, 0, 1);
    lua.lua_pushcfunction(this.#state, (state) => {
      const words = Array.from({ length: lua.lua_gettop(state) }, (_, i) => lua.lua_tojsstring(state, i + 1));
      this.#push(this.#call(words));
      return 1;
    });
    lua.lua_setfield(this.#state, -2, to_luastring('call'));
    lua.lua_setglobal(this.#state, to_luastring('redis'));
    if (lauxlib.luaL_loadstring(this.#state, to_luastring(PACE)) !== lua.LUA_OK) throw this.#error();
  }

  /** FLUSHALL. */
  forget(): void {
    this.#hashes.clear();
    this.#sets.clear();
  }

  pace(log: string, words: readonly (string | number)[]): readonly string[] {
    const state = this.#state;
    this.#push(['', ':told', ':heard', ':queue'].map((end) => `${log}${end}`));
    lua.lua_setglobal(state, to_luastring('KEYS'));
    this.#push(words.map(String));
    lua.lua_setglobal(state, to_luastring('ARGV'));
    lua.lua_pushvalue(state, -1);
    if (lua.lua_pcall(state, 0, 1, 0) !== lua.LUA_OK) throw this.#error();
    const reply = Array.from({ length: lua.lua_rawlen(state, -1) }, (_, i) => {
      lua.lua_rawgeti(state, -1, i + 1);
      const text = lua.lua_tojsstring(state, -1);
      lua.lua_pop(state, 1);
      return text;
    });
    lua.lua_pop(state, 1);
    return reply;
  }

  #error(): Error {
    return new Error(lua.lua_tojsstring(this.#state, -1));
  }

  #push(value: Reply): void {
    const state = this.#state;
    if (value === false) lua.lua_pushboolean(state, false);
    else if (typeof value === 'number') lua.lua_pushinteger(state, value);
    else if (typeof value === 'string') lua.lua_pushstring(state, to_luastring(value));
    else {
      lua.lua_createtable(state, value.length, 0);
      for (const [i, item] of value.entries()) {
        lua.lua_pushstring(state, to_luastring(item));
        lua.lua_rawseti(state, -2, i + 1);
      }
    }
  }

  #call([command = '', key = '', ...args]: readonly string[]): Reply {
    const hash = this.#hashes.get(key) ?? new Map<string, string>();
    const set = this.#sets.get(key) ?? new Map<string, number>();
    const within = (from = '', to = '') => {
      const open = (bound: string) => bound.startsWith('(');
      const number = (bound: string) => Number(bound.replace('(', '').replace('inf', 'Infinity'));
      return [...set].filter(([, score]) => {
        const isAbove = open(from) ? score > number(from) : score >= number(from);
        return isAbove && (open(to) ? score < number(to) : score <= number(to));
      });
    };
    switch (command) {
      case 'TIME': {
        const micros = Math.floor(this.#clock() * 1000);
        return [String(Math.floor(micros / 1e6)), String(micros % 1e6)];
      }
      case 'HGET':
        return hash.get(args[0] ?? '') ?? false;
      case 'HSET':
        this.#hashes.set(key, hash.set(args[0] ?? '', args[1] ?? ''));
        return 1;
      case 'HDEL':
        for (const field of args) hash.delete(field);
        return 1;
      case 'DEL':
        for (const name of [key, ...args]) {
          this.#hashes.delete(name);
          this.#sets.delete(name);
        }
        return 1;
      case 'PEXPIRE':
        return 1;
      case 'ZADD':
        this.#sets.set(key, set.set(args[1] ?? '', Number(args[0])));
        return 1;
      case 'ZREM':
        return set.delete(args[0] ?? '') ? 1 : 0;
      case 'ZREMRANGEBYSCORE':
        for (const [member] of within(args[0], args[1])) set.delete(member);
        return 1;
      case 'ZSCORE':
        return set.has(args[0] ?? '') ? String(set.get(args[0] ?? '')) : false;
      case 'ZRANGE':
        return [...set].sort(([, a], [, b]) => a - b).map(([name]) => name);
      case 'HGETALL':
        return [...hash].flat();
      default:
        throw new Error(`${command} is not known here`);
    }
  }
}
