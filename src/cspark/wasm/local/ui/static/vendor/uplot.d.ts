/** What the page uses of uPlot, which a script of its own makes global. */
declare class uPlot {
  constructor(options: object, data: (number | null)[][], target: HTMLElement);
  setSize(size: {width: number, height: number}): void;
  destroy(): void;
}
