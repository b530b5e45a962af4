// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.load;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;

/** The bytes allocated by the platform threads of this JVM. */
final class Allocation {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Map<Long, Long> before = bytes();

  /**
   * Returns the number of bytes that the threads that are still alive have allocated since this
   * object was created.
   */
  long sum() {
    return bytes().entrySet().stream()
        .mapToLong(entry -> entry.getValue() - before.getOrDefault(entry.getKey(), 0L))
        .sum();
  }

  private static Map<Long, Long> bytes() {
    long[] ids = THREADS.getAllThreadIds();
    long[] allocated = THREADS.getThreadAllocatedBytes(ids);
    var bytes = new HashMap<Long, Long>();
    for (int i = 0; i < ids.length; i++) {
      bytes.put(ids[i], Math.max(0, allocated[i]));
    }
    return bytes;
  }
}
