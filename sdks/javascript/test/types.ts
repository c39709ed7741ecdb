// A program in TypeScript: it need not run, but compile, and what is wrong must not.
import { connect, ConflictError, type Result, type RowStream } from "@weftdb/client";

interface City {
  id: number;
  name: string;
}

export async function program(): Promise<string> {
  const db = connect("http://127.0.0.1:7600", { int64: "bigint", retry: { attempts: 2 } });
  const r: Result<City> = await db.query<City>("SELECT id, name FROM city WHERE id = $1", [7n]);
  const name: string | undefined = r.first()?.name;
  // @ts-expect-error a city has no size
  r.rows[0]?.size;
  const s: RowStream<[number, string]> = db.stream<[number, string]>("SELECT id, name FROM city", [], { rows: "arrays" });
  for await (const [id] of s) id.toFixed();
  const cities = db.collection<{ name: string; people?: number }>("city");
  // @ts-expect-error a document must have a name
  await cities.insert({ people: 1 });
  const found = await cities.get("oslo");
  // @ts-expect-error it may not be there
  found.name;
  // @ts-expect-error there is no such option
  await db.kv("k").set("a", 1, { ttl: 5, ifNone: true });
  await db.transaction(async (tx) => void (await tx.kv().increment("n")), { isolation: "snapshot" });
  try {
    await db.batch([{ method: "GET", path: "/tables" }]);
  } catch (e) {
    if (e instanceof ConflictError) return e.code;
  }
  return name ?? found?._id ?? "";
}
