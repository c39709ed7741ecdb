package fn

// registrars fill the registry, in order.
var registrars = []func(*tables){
	registerArith,
	registerCompare,
	registerAggBasic,
	registerAggStat,
	registerAggMore, registerAggEdge, registerSleep, registerAdvisory, registerLater, registerRecent,
	registerText,
	registerEncode,
	registerQuote,
	registerLike,
	registerRegex,
	registerMath,
	registerDatetime,
	registerClock,
	registerToChar,
	registerArray, registerRange,
	registerJSON,
	registerPath,
	registerBits,
	registerNet,
	registerSets,
	registerFullText,
	registerComposite,
	registerSystem, registerSend,
	registerEnum,
	registerPartitions,
	registerKeywords,
	registerWindows, registerHashes, registerExtensions,
	registerOperatorFuncs, // of the operators of all of those
}
