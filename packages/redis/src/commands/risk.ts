import type { RedisArgument } from '../connection/call.ts';

/**
 * What can go wrong if a command is executed twice, least first: nothing (`read`); nothing, as the second finds its condition gone
 * (`conditional`); it may undo what somebody else wrote in between (`last-write-wins`); it counts twice (`accumulating`).
 */
export const RISKS = ['none', 'read', 'conditional', 'last-write-wins', 'accumulating'] as const;
export type Risk = (typeof RISKS)[number];

const READS = `GET MGET STRLEN GETRANGE SUBSTR EXISTS TTL PTTL EXPIRETIME PEXPIRETIME TYPE KEYS SCAN RANDOMKEY DUMP TOUCH BITCOUNT BITPOS GETBIT
  BITFIELD_RO HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HSCAN HRANDFIELD LRANGE LLEN LINDEX LPOS SMEMBERS SISMEMBER SMISMEMBER
  SCARD SRANDMEMBER SSCAN SINTER SUNION SDIFF SINTERCARD ZRANGE ZRANGEBYSCORE ZRANGEBYLEX ZREVRANGE ZREVRANGEBYSCORE ZREVRANGEBYLEX ZSCORE
  ZMSCORE ZRANK ZREVRANK ZCARD ZCOUNT ZLEXCOUNT ZSCAN ZRANDMEMBER ZINTER ZUNION ZDIFF ZINTERCARD XRANGE XREVRANGE XLEN XREAD XPENDING XINFO
  PFCOUNT GEOPOS GEODIST GEOHASH GEOSEARCH OBJECT MEMORY PING ECHO TIME INFO DBSIZE LASTSAVE COMMAND SLOWLOG LATENCY ROLE PUBSUB
  EVAL_RO EVALSHA_RO FCALL_RO SORT_RO LCS`;
const LAST_WRITE_WINS = `SET MSET SETEX PSETEX DEL UNLINK EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST HSET HMSET HDEL SADD SREM ZADD ZREM ZREMRANGEBYSCORE
  ZREMRANGEBYRANK ZREMRANGEBYLEX LSET LTRIM SETBIT SETRANGE GEOADD PFADD XDEL XTRIM XACK XGROUP HEXPIRE HPEXPIRE HPERSIST`;
const CONDITIONAL = 'SETNX MSETNX HSETNX RENAMENX COPY';

const TABLE: ReadonlyMap<string, Risk> = new Map([
  ...rows(READS, 'read'),
  ...rows(LAST_WRITE_WINS, 'last-write-wins'),
  ...rows(CONDITIONAL, 'conditional'),
]);

/** The risk of sending a command twice. What is not known to be less is `accumulating`. */
export function riskOf(args: readonly RedisArgument[]): Risk {
  const name = String(args[0]).toUpperCase();
  const risk = TABLE.get(name) ?? 'accumulating';
  if (risk === 'last-write-wins' && args.length > 2) return optionsOf(name, args) ?? risk;
  return risk;
}

/** Some options change what a command does: SET NX, ZADD INCR, EXPIRE GT. */
function optionsOf(name: string, args: readonly RedisArgument[]): Risk | undefined {
  const has = (option: string, from: number): boolean =>
    args.slice(from).some((arg) => typeof arg === 'string' && arg.toUpperCase() === option);
  // The reply of the first attempt, which is lost, was the only one that told the old value or the success.
  if (name === 'SET' && (has('GET', 3) || has('NX', 3))) return 'accumulating';
  if (name === 'ZADD' && has('INCR', 2)) return 'accumulating';
  return undefined;
}

function rows(names: string, risk: Risk): [string, Risk][] {
  return names.split(/\s+/).map((name) => [name, risk]);
}

/** Whether `risk` is at most `limit`. */
export function atMost(risk: Risk, limit: Risk): boolean {
  return RISKS.indexOf(risk) <= RISKS.indexOf(limit);
}
