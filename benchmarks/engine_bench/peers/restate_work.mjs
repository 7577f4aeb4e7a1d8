// The work as Restate does it: node restate_work.mjs PORT. See restate_peer.py.

// The SDK calls this; Node.js has it from version 22 on.
Promise.withResolvers ??= () => {
  let resolve, reject;
  const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
};

const restate = await import("@restatedev/restate-sdk");

const count = (document) => ({ count: document.count + 1, order: document.order });

const bench = restate.service({
  name: "bench",
  handlers: {
    five: async (context, document) => {
      for (let step = 0; step < 5; step++) {
        const before = document;
        document = await context.run(`step${step}`, () => count(before));
      }
      return document;
    },
    fork: async (context, branches) =>
      restate.RestatePromise.all(
        Array.from({ length: branches }, (_, number) =>
          context.run(`branch${number}`, () => count({ count: 0, order: "A-4711" })),
        ),
      ),
    wait: async (context) => context.sleep(1000),
  },
});

await restate.serve({ services: [bench], port: Number(process.argv[2]) });
