// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.NameRequest;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Shows that the total size of a batch does not overflow. */
class BatchTest {
  @Test
  void theSumOfTheBytesDoesNotOverflow() {
    var batch = new Batch<NameRequest, String>(0, false, 4, Integer.MAX_VALUE);
    batch.add(call(1 << 30));
    assertThat(batch.reserve()).isTrue();
    Call<NameRequest, String> second = call(1 << 30);
    batch.add(second);
    assertThat(batch.reserve()).isFalse();
    batch.remove(second);
    assertThat(batch.reserve()).isTrue();
    batch.remove(second);
    batch.add(call(1 << 30));
    assertThat(batch.reserve()).isFalse();
  }

  private static Call<NameRequest, String> call(int bytes) {
    return Call.ofThread(
        new NameRequest("a name of that length", bytes), Deadline.after(Duration.ZERO));
  }
}
