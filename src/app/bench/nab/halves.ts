// The 58 series of the benchmark in two halves, drawn before any detector was tried: within each folder the names are sorted by
// their SHA-256 and dealt out in turns. Every choice in src/operator/anomaly was made on the development half; the other half was
// scored once the choices were made. A series of another folder belongs to neither.

const DEVELOPMENT: Readonly<Record<string, readonly string[]>> = {
  artificialNoAnomaly: ['art_daily_no_noise', 'art_daily_perfect_square_wave', 'art_noisy'],
  artificialWithAnomaly: ['art_daily_flatmiddle', 'art_daily_nojump', 'art_load_balancer_spikes'],
  realAWSCloudwatch: [
    'ec2_cpu_utilization_24ae8d',
    'ec2_cpu_utilization_ac20cd',
    'ec2_cpu_utilization_c6585a',
    'ec2_cpu_utilization_fe7f93',
    'ec2_disk_write_bytes_c0d644',
    'ec2_network_in_257a54',
    'iio_us-east-1_i-a2eb1cd9_NetworkIn',
    'rds_cpu_utilization_cc0c53',
  ],
  realAdExchange: ['exchange-2_cpm_results', 'exchange-3_cpm_results', 'exchange-4_cpm_results'],
  realKnownCause: [
    'ambient_temperature_system_failure',
    'ec2_request_latency_system_failure',
    'nyc_taxi',
    'rogue_agent_key_hold',
  ],
  realTraffic: ['occupancy_6005', 'occupancy_t4013', 'speed_6005'],
  realTweets: [
    'Twitter_volume_AAPL',
    'Twitter_volume_AMZN',
    'Twitter_volume_CVS',
    'Twitter_volume_IBM',
    'Twitter_volume_PFE',
  ],
};
const HELD_OUT: Readonly<Record<string, readonly string[]>> = {
  artificialNoAnomaly: ['art_daily_small_noise', 'art_flatline'],
  artificialWithAnomaly: ['art_daily_jumpsdown', 'art_daily_jumpsup', 'art_increase_spike_density'],
  realAWSCloudwatch: [
    'ec2_cpu_utilization_53ea38',
    'ec2_cpu_utilization_5f5533',
    'ec2_cpu_utilization_77c1ca',
    'ec2_cpu_utilization_825cc2',
    'ec2_disk_write_bytes_1ef3de',
    'ec2_network_in_5abac7',
    'elb_request_count_8c0756',
    'grok_asg_anomaly',
    'rds_cpu_utilization_e47b3b',
  ],
  realAdExchange: ['exchange-2_cpc_results', 'exchange-3_cpc_results', 'exchange-4_cpc_results'],
  realKnownCause: [
    'cpu_utilization_asg_misconfiguration',
    'machine_temperature_system_failure',
    'rogue_agent_key_updown',
  ],
  realTraffic: ['TravelTime_387', 'TravelTime_451', 'speed_7578', 'speed_t4013'],
  realTweets: [
    'Twitter_volume_CRM',
    'Twitter_volume_FB',
    'Twitter_volume_GOOG',
    'Twitter_volume_KO',
    'Twitter_volume_UPS',
  ],
};

export type Half = 'development' | 'held-out' | 'neither';

/** @param key 'realTweets/Twitter_volume_AAPL.csv' */
export function halfOf(key: string): Half {
  const [folder = '', file = ''] = key.split('/');
  const name = file.replace(/\.csv$/, '');
  if (DEVELOPMENT[folder]?.includes(name)) return 'development';
  return HELD_OUT[folder]?.includes(name) ? 'held-out' : 'neither';
}
