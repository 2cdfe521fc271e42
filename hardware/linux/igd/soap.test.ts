import { describe, expect, test } from "bun:test";
import { parseControlUrl, parseCounter, soapRequest, WAN_COMMON } from "./soap.ts";

/** As miniupnpd 2.3 describes itself, shortened to what matters. */
const description = `<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0" configId="1337"><specVersion><major>1</major></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
<serviceList><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType>
<controlURL>/ctl/L3F</controlURL></service></serviceList>
<deviceList><device><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType>
<SCPDURL>/WANCfg.xml</SCPDURL><controlURL>/ctl/CmnIfCfg?a=1&amp;b=2</controlURL>
</service></serviceList></device></deviceList></device></root>`;
const location = new URL("http://192.168.1.1:5000/rootDesc.xml");

describe("the control address", () => {
  test("is that of the service, not of another one before it", () => {
    expect(parseControlUrl(description, WAN_COMMON, location)?.href).toBe(
      "http://192.168.1.1:5000/ctl/CmnIfCfg?a=1&b=2",
    );
  });

  test("starts from URLBase where there is one, and survives a broken one", () => {
    const based = (base: string) =>
      parseControlUrl(
        description.replace("<device>", `<URLBase>${base}</URLBase><device>`),
        WAN_COMMON,
        location,
      );
    expect(based("http://192.168.1.1:49000/")?.port).toBe("49000");
    expect(based("nonsense")?.port).toBe("5000");
  });

  test("is found below a namespace prefix and attributes", () => {
    const prefixed = description
      .replaceAll(/<(\/?)(?=[a-zA-Z])/g, "<$1d:")
      .replaceAll("<d:service>", '<d:service id="1">');
    expect(parseControlUrl(prefixed, WAN_COMMON, location)?.pathname).toBe("/ctl/CmnIfCfg");
  });

  test("is unknown without the service, and in nonsense", () => {
    expect(parseControlUrl(description, "urn:other", location)).toBeUndefined();
    expect(parseControlUrl("<service>".repeat(5000), WAN_COMMON, location)).toBeUndefined();
    expect(parseControlUrl("", WAN_COMMON, location)).toBeUndefined();
  });
});

describe("a counter in an answer", () => {
  const answer = (value: string) =>
    `<s:Envelope><s:Body><u:GetTotalBytesSentResponse xmlns:u="x"><NewTotalBytesSent>${value}</NewTotalBytesSent></u:GetTotalBytesSentResponse></s:Body></s:Envelope>`;
  const counted = (value: string) => parseCounter(answer(value), "NewTotalBytesSent");

  test("is taken as it stands, beyond 32 bits too", () => {
    expect(counted("4294967295")).toBe(4294967295);
    expect(counted("1099511627776")).toBe(1099511627776);
    expect(counted(" 7\n")).toBe(7);
  });

  test("printed as a signed number is put right", () => {
    expect(counted("-1")).toBe(4294967295);
    expect(counted("-2147483648")).toBe(2147483648);
    expect(counted("-2147483649")).toBeUndefined();
  });

  test("that is no number is unknown", () => {
    for (const value of ["", "0x10", "1e9", "99999999999999999", "<b/>", "12 34"]) {
      expect(counted(value)).toBeUndefined();
    }
  });

  test("of an error answer is unknown", () => {
    expect(
      parseCounter("<s:Fault><errorCode>401</errorCode></s:Fault>", "NewTotalBytesSent"),
    ).toBeUndefined();
  });
});

test("a request names the action in the service's namespace", () => {
  expect(soapRequest(WAN_COMMON, "GetTotalBytesSent")).toContain(
    `<u:GetTotalBytesSent xmlns:u="${WAN_COMMON}"/>`,
  );
});
