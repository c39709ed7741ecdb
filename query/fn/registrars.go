package fn

// registrars fill the registry, in order.
var registrars = []func(*tables){
	registerArith,
	registerCompare,
	registerAggBasic,
	registerAggStat,
	registerAggMore, registerAggEdge, registerSleep,
	registerText,
	registerEncode,
	registerQuote,
	registerLike,
	registerRegex,
	registerMath,
	registerDatetime,
	registerClock,
	registerToChar,
	registerArray,
	registerJSON,
	registerPath,
	registerBits,
	registerNet,
	registerSets,
	registerSystem,
	registerEnum,
	registerPartitions,
	registerWindows,
}
