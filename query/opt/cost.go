package opt

// Costs, in microseconds of one core. They were set from EXPLAIN ANALYZE of TPC-H queries at
// scale 0.1, in memory, on a machine at work; docs/design/planner.md tells how. Only
// their ratios matter.
const (
	costDisabled    = 1e10   // a method that a setting discourages
	costStartScan   = 6      // opening an iterator and finding the first key
	costScanRow     = 0.12   // moving to the next row and decoding its key
	costScanByte    = 0.002  // decoding one byte of an output column
	costColumnRow   = 0.008  // one row of columns that are kept decoded,
	costColumnByte  = 0.0006 // and one byte of it
	columnRows      = 4096   // rows of a scan from which on columns are kept
	costPointRead   = 1.2    // one row by its full key
	costFetchRow    = 1.8    // one row by its key, from a secondary index entry
	costExternalRow = 0.5    // making a row of what another model keeps
	costFilter      = 0.01   // one condition on one row
	costExpr        = 0.01   // one computed expression on one row
	costHashBuild   = 0.08   // adding a row to a hash table
	costHashProbe   = 0.04   // looking one up
	costKeyFilter   = 0.006  // asking for the key of one row of columns that are kept
	costCacheMiss   = 0.05   // reaching a row of a hash table that is in no cache
	cacheRows       = 200e3  // rows of a hash table that no longer is
	costJoinRow     = 0.02   // making one joined row
	costLoopPair    = 0.008  // one pair of a nested loop
	costRestart     = 1.2    // running the inner side of an Apply anew
	costSortRow     = 0.03   // times log2 of the rows
	costMergeRow    = 0.15   // one input row of a merge join
	costGroupRow    = 0.06   // one row of a hash aggregate
	costGroupSort   = 0.03   // one row of an aggregate over sorted input
	costWindowRow   = 0.15   // one row of one window function
	costSubplan     = 2.0    // starting a subplan
	costFuncRow     = 0.02   // one row of a set-returning function
	costWriteRow    = 3.0    // one row and one index entry written
	maxDPRelations  = 10     // relations of which all join orders are tried
)
