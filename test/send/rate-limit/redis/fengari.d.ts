/** What the tests use of fengari, a Lua in JavaScript, which brings no types. */
declare module 'fengari' {
  /** A state of Lua, with its stack. */
  type State = object;
  type LuaString = Uint8Array;

  export const lua: {
    readonly LUA_OK: number;
    readonly LUA_MULTRET: number;
    lua_call(state: State, args: number, results: number): void;
    lua_createtable(state: State, array: number, hash: number): void;
    lua_gettop(state: State): number;
    lua_pcall(state: State, args: number, results: number, handler: number): number;
    lua_pop(state: State, count: number): void;
    lua_pushboolean(state: State, value: boolean): void;
    lua_pushcfunction(state: State, callback: (state: State) => number): void;
    lua_pushinteger(state: State, value: number): void;
    lua_pushstring(state: State, value: LuaString): void;
    lua_pushvalue(state: State, index: number): void;
    lua_rawgeti(state: State, index: number, at: number): number;
    lua_rawlen(state: State, index: number): number;
    lua_rawseti(state: State, index: number, at: number): void;
    lua_setfield(state: State, index: number, name: LuaString): void;
    lua_setglobal(state: State, name: LuaString): void;
    lua_tojsstring(state: State, index: number): string;
  };
  export const lauxlib: {
    luaL_loadstring(state: State, script: LuaString): number;
    luaL_newstate(): State;
  };
  export const lualib: { luaL_openlibs(state: State): void };
  export function to_luastring(text: string): LuaString;
}
