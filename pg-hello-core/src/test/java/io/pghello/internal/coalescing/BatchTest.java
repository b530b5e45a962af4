// SPDX-License-Identifier: MIT
package io.pghello.internal.coalescing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.internal.Deadline;
import io.pghello.internal.HelloRequest;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Shows how a batch counts. */
class BatchTest {
  @Test
  void theSumOfTheBytesDoesNotOverflow() {
    var batch = new Batch<HelloRequest, String>(0, false, 4, Integer.MAX_VALUE);
    batch.add(call(1 << 30));
    assertThat(batch.reserve()).isTrue();
    Call<HelloRequest, String> second = call(1 << 30);
    batch.add(second);
    assertThat(batch.reserve()).isFalse();
    batch.remove(second);
    assertThat(batch.reserve()).isTrue();
    batch.remove(second);
    batch.add(call(1 << 30));
    assertThat(batch.reserve()).isFalse();
  }

  private static Call<HelloRequest, String> call(int bytes) {
    return Call.ofThread(
        new HelloRequest.Plain("a name of that length", 1, bytes), Deadline.after(Duration.ZERO));
  }
}
