// What `openMicrophone` takes. Everything has a default.

/** running: rows come. suspended: the page's sound stands still. searching: there is no device; one is waited for. */
export type MicrophoneState = 'running' | 'suspended' | 'searching' | 'closed';

export interface MicrophoneOptions {
  /** One of `navigator.mediaDevices.enumerateDevices()`. Default: the system's default device, also when that changes. */
  readonly deviceId?: string;
  /**
   * Rows per second that the browser resamples to. Default: the rate of the page's sound, mostly 48,000: the server resamples,
   * by the same bits everywhere. `microphone.format.rate` says what it is.
   */
  readonly sampleRate?: number;
  /** 1 (default) or 2. Every pipeline of this package takes 1. */
  readonly channels?: 1 | 2;
  /** How rows travel. Default pcm_s16le. */
  readonly encoding?: 'pcm_s16le' | 'f32le';
  /** Milliseconds of a chunk, 5 to 1000. Default 10. */
  readonly chunkMs?: number;
  /** Milliseconds held for a slow reader, at least one chunk; what is older becomes a gap `overrun`. Default 4000. */
  readonly bufferMs?: number;
  /** The browser's echo cancellation, noise suppression and level control. Default false: models hear the room as it is. */
  readonly processing?: boolean;
  /** Begins muted. */
  readonly muted?: boolean;
  /** The page's own context: it stays open, and its rate counts. Default: one of the microphone's own. */
  readonly context?: AudioContext;
  /** Where CAPTURE_WORKLET is served, for pages whose Content-Security-Policy forbids blob: URLs. */
  readonly workletUrl?: string;
  readonly onState?: (state: MicrophoneState) => void;
  /** A device came into use: the first one, the one that `use` named, or another in place of one that is gone. */
  readonly onDevice?: (device: MicrophoneDevice) => void;
}

export interface MicrophoneDevice {
  readonly deviceId: string;
  readonly label: string;
}
