// SPDX-License-Identifier: MIT
package io.pghello.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Shows how a batch counts. */
class BatchTest {
  @Test
  void theSumOfTheBytesDoesNotOverflow() {
    var batch = new Batch(4, Integer.MAX_VALUE);
    batch.add(call(1 << 30));
    assertThat(batch.isFull()).isFalse();
    Call second = call(1 << 30);
    batch.add(second);
    assertThat(batch.isFull()).isTrue();
    batch.remove(second);
    assertThat(batch.isFull()).isFalse();
    batch.remove(second);
    batch.add(call(1 << 30));
    assertThat(batch.isFull()).isTrue();
  }

  private static Call call(int bytes) {
    return Call.ofThread(
        new HelloRequest("a name of that length", 1, bytes), Deadline.after(Duration.ZERO));
  }
}
