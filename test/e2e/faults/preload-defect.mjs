// Loaded into the CLI by a test (NODE_OPTIONS=--import …): the module named in DEFECT_AT fails in a way nobody foresaw.
const [file, name, method, words] = JSON.parse(process.env.DEFECT_AT);
const module = await import(file);
let calls = 0;
const original = module[name].prototype[method];
module[name].prototype[method] = function (...args) {
  if (++calls === 3) throw new TypeError(words);
  return original.apply(this, args);
};
