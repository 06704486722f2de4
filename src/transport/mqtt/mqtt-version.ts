// The versions of MQTT that are spoken; apart from mqtt-client.ts, so that a command can name them without loading mqtt.js.

export const MQTT_VERSIONS = ['3.1.1', '5'] as const;
export type MqttVersion = (typeof MQTT_VERSIONS)[number];
