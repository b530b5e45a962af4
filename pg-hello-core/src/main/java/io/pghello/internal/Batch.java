// SPDX-License-Identifier: MIT
package io.pghello.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Calls that are sent by one statement, in the order in which they were queued. A batch belongs to
 * one thread at a time; only the volatile fields are read by others.
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
   * Creates an empty batch.
   *
   * @param maxBytes the size from which on the batch is full; the last name may exceed it
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

  /** Removes a call. */
  void remove(Call call) {
    calls.remove(call);
    bytes -= call.request.bytes();
    if (call.equals(latest)) {
      latest = null;
      calls.forEach(this::preferAsLatest);
    }
  }

  /** Assigns a call as the leader; returns false if the call is complete. */
  boolean assignTo(Call call) {
    leader = call;
    return call.offerLead(this);
  }

  /**
   * Revokes the assignment of a leader that has not begun. If this returns true, the batch belongs
   * to the current thread.
   */
  boolean revokeLead() {
    Call known = leader;
    return known != null && known.revokeLead(this);
  }

  /** Publishes the current calls to the time-out check. */
  void publish() {
    inFlight = new InFlightBatch(calls);
  }

  InFlightBatch inFlight() {
    return inFlight;
  }

  /** Returns whether this method has been called before. */
  boolean wasCheckedBefore() {
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
