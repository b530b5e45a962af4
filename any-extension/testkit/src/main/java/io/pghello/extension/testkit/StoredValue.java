// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.util.Objects;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.ExtensionContext.Store;

/** A value that JUnit closes together with its store. */
// implements both interfaces: JUnit 6 warns about CloseableResource without AutoCloseable, and
// JUnit 5.12 supports only CloseableResource
@SuppressWarnings({"deprecation", "try"})
record StoredValue(Object value) implements Store.CloseableResource, AutoCloseable {
  /** Returns the value of a key. The first call creates the value. */
  // JUnit 6 deprecates these methods, but their replacements do not exist in JUnit 5.12
  @SuppressWarnings("deprecation")
  static Object get(Store store, Object key, Supplier<?> creator) {
    StoredValue stored =
        store.getOrComputeIfAbsent(key, k -> new StoredValue(creator.get()), StoredValue.class);
    return Objects.requireNonNull(stored).value();
  }

  @Override
  public void close() throws Exception {
    if (value instanceof AutoCloseable closeable) {
      closeable.close();
    }
  }
}
