// kafkajs_reader.mjs MODULES ADDRESS TOPIC: each committed value of the topic on a line, until nothing more comes.
// A plain consumer, as its own documentation has it; reading only what is committed is what it does by itself.
import { createRequire } from "node:module";

const [modules, address, topic] = process.argv.slice(2);
const { Kafka, logLevel } = createRequire(modules + "/")("kafkajs");
const quiet_milliseconds = 3000;

const kafka = new Kafka({ brokers: [address], logLevel: logLevel.ERROR, logCreator: () => ({ log }) => console.error(log.message) });
const consumer = kafka.consumer({ groupId: `reader-${process.pid}-${Date.now()}`, retry: { retries: 8 } });
let heard = Date.now();
let failure = null;
consumer.on(consumer.events.CRASH, ({ payload }) => { failure = payload.error; });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    heard = Date.now();
    console.log(message.value.toString());
  },
});
consumer.on(consumer.events.GROUP_JOIN, () => { heard = Date.now(); });
while (failure === null && Date.now() - heard < quiet_milliseconds) await new Promise((done) => setTimeout(done, 100));
await consumer.disconnect();
if (failure !== null) {
  console.error(failure.message);
  process.exit(1);
}
