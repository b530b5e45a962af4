// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Calls that travel together, the oldest first. Belongs to one thread at a time, but for what is
 * volatile: who leads it, and what the time-out looks at.
 */
final class Batch {
  private final List<Call> calls = new ArrayList<>();
  private final int maxCalls;
  private final int maxBytes;
  private int bytes;
  private @Nullable Call latest;
  private volatile @Nullable Call leader;
  private volatile InFlightBatch inFlight = new InFlightBatch(calls);
  private volatile boolean seen;

  /**
   * Creates an empty one.
   *
   * @param maxBytes at which it is full, too; the name that reaches it travels along
   */
  Batch(int maxCalls, int maxBytes) {
    this.maxCalls = maxCalls;
    this.maxBytes = maxBytes;
  }

  boolean isFull() {
    return calls.size() >= maxCalls || bytes >= maxBytes;
  }

  void add(Call call) {
    calls.add(call);
    bytes += call.request.bytes();
    preferAsLatest(call);
  }

  private void preferAsLatest(Call call) {
    if (latest == null || !latest.deadline.isAfter(call.deadline)) {
      latest = call;
    }
  }

  /** Takes out a call whose caller leaves. */
  void remove(Call call) {
    calls.remove(call);
    bytes -= call.request.bytes();
    if (call.equals(latest)) {
      latest = null;
      calls.forEach(this::preferAsLatest);
    }
  }

  /** Makes the thread of a call the leader of those that are in here now, unless it has left. */
  boolean giveTo(Call call) {
    leader = call;
    return call.lead(this);
  }

  /** Takes it from a leader that has not begun; the batch then belongs to the current thread. */
  boolean takeBack() {
    Call known = leader;
    return known != null && known.endLead(this);
  }

  /** Makes the calls that are in here now those that the time-out looks at. */
  void newInFlight() {
    inFlight = new InFlightBatch(calls);
  }

  InFlightBatch inFlight() {
    return inFlight;
  }

  /** Has it been looked at before? */
  boolean isSeenAgain() {
    boolean before = seen;
    seen = true;
    return before;
  }

  List<Call> calls() {
    return calls;
  }

  List<HelloRequest> requests() {
    var requests = new ArrayList<HelloRequest>(calls.size());
    for (Call call : calls) {
      requests.add(call.request);
    }
    return requests;
  }

  int size() {
    return calls.size();
  }

  /** Returns the call with the latest deadline; the batch must not be empty. */
  Call latest() {
    return Objects.requireNonNull(latest);
  }
}
