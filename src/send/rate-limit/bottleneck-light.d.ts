/** The package types its main entry only; the class is the same. */
declare module 'bottleneck/light.js' {
  export { default } from 'bottleneck';
}
