/** An MQTT 5 broker inside the process, for development alone: no passwords, loopback only. */
import { type AddressInfo, createServer } from "node:net";
import { Aedes } from "aedes";

export interface DevBroker extends AsyncDisposable {
  readonly url: string;
}

export async function openDevBroker(): Promise<DevBroker> {
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
