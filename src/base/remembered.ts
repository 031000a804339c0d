/** What is made of an object once, and kept as long as the object is. */

/** The same function, which asks `make` only once about each object. What it throws is not kept. */
export function remembered<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>()
  return (key) => {
    let value = known.get(key)
    if (value === undefined) {
      value = make(key)
      known.set(key, value)
    }
    return value
  }
}
