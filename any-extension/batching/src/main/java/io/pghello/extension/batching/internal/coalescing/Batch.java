// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.coalescing;

import io.pghello.extension.batching.internal.Request;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * The calls of one statement, in queue order. A batch belongs to one thread at a time; other
 * threads read only the volatile fields.
 */
final class Batch<Q extends Request, A> implements CallQueue.Target<Call<Q, A>> {
  private static final int INITIAL_CAPACITY = 16;

  private final ArrayList<Call<Q, A>> calls = new ArrayList<>(INITIAL_CAPACITY);
  private final int maxCalls;
  private final int maxBytes;
  private final boolean isReserve;
  private long bytes;
  private @Nullable Call<Q, A> latest;
  private volatile InFlightBatch inFlight = new InFlightBatch(calls);
  private boolean isPublished = true;
  private volatile boolean seen;
  private Object @Nullable [] outcomes;

  /** The call that was assigned as the leader; null if a thread of the executor leads. */
  volatile @Nullable Call<Q, A> leader;

  /** Whether the leader has thrown an error, or no thread could be started to lead the batch. */
  volatile boolean failed;

  /** The permit that the batch holds; {@link InFlightLimit#NONE} if it has been released. */
  int permit;

  /**
   * Creates an empty batch.
   *
   * @param permit the permit of the batch
   * @param isReserve whether the permit is the reserve, which virtual threads must not use
   * @param maxBytes the size in bytes at which the batch is full; the last call may push the total
   *     above this size
   */
  Batch(int permit, boolean isReserve, int maxCalls, int maxBytes) {
    this.permit = permit;
    this.isReserve = isReserve;
    this.maxCalls = maxCalls;
    this.maxBytes = maxBytes;
  }

  /** Reserves capacity for the given number of calls, up to the maximum size of the batch. */
  void expect(int calls) {
    this.calls.ensureCapacity(Math.min(calls, maxCalls));
  }

  @Override
  public boolean reserve() {
    if (calls.size() >= maxCalls || bytes >= maxBytes) {
      return false;
    }
    calls.ensureCapacity(calls.size() + 1);
    return true;
  }

  @Override
  public void add(Call<Q, A> call) {
    calls.add(call);
    isPublished = false;
    bytes += call.bytes();
    preferAsLatest(call);
  }

  private void preferAsLatest(Call<Q, A> call) {
    if (latest == null || !latest.endsAfter(call)) {
      latest = call;
    }
  }

  /** Removes a call. */
  void remove(Call<Q, A> call) {
    if (calls.remove(call)) {
      isPublished = false;
      bytes -= call.bytes();
    }
    if (call.equals(latest)) {
      latest = null;
      calls.forEach(this::preferAsLatest);
    }
  }

  /** Assigns a call as the leader; returns false if the call is complete. */
  boolean assignTo(Call<Q, A> call) {
    Call<Q, A> before = leader;
    leader = call;
    boolean assigned = call.offerLead(this);
    if (!assigned) {
      leader = before;
    }
    return assigned;
  }

  /**
   * Revokes the assignment of a leader that has not begun to lead. If this method returns true, the
   * batch belongs to the current thread.
   */
  boolean revokeLead() {
    Call<Q, A> known = leader;
    boolean revoked = known != null && known.revokeLead(this);
    if (revoked) {
      leader = null;
    }
    return revoked;
  }

  /** Publishes the current calls to the timeout check. */
  void publish() {
    if (!isPublished) {
      inFlight = new InFlightBatch(calls);
      isPublished = true;
    }
  }

  InFlightBatch inFlight() {
    return inFlight;
  }

  /** Keeps the outcomes until all calls are complete, in case the leader fails before then. */
  void setOutcomes(Object[] outcomes) {
    this.outcomes = outcomes;
  }

  Object @Nullable [] outcomes() {
    return outcomes;
  }

  /**
   * Returns whether the batch has {@link #failed}. If so, the batch now belongs to the current
   * thread, and no longer contains the call of a leader that failed before there was an outcome.
   */
  boolean recoverFailed() {
    if (!failed) {
      return false;
    }
    failed = false;
    Call<Q, A> known = leader;
    if (known != null && outcomes == null) {
      remove(known);
    }
    leader = null;
    return true;
  }

  /** Returns whether this method has been called before. */
  boolean wasCheckedBefore() {
    boolean before = seen;
    seen = true;
    return before;
  }

  List<Call<Q, A>> calls() {
    return calls;
  }

  List<Q> requests() {
    return new Requests<>(calls);
  }

  int size() {
    return calls.size();
  }

  /** Returns the call with the latest deadline; the batch must not be empty. */
  Call<Q, A> latest() {
    return Objects.requireNonNull(latest);
  }

  /**
   * Returns the call with the thread that should lead, or null if a thread of the executor should
   * lead. Normally, the call with the latest deadline leads. If that call belongs to a virtual
   * thread, the call with the latest deadline among the calls that do not belong to virtual threads
   * leads instead. A call leads only if a thread waits for it and its deadline is close to the
   * latest deadline. The batch must not be empty.
   */
  @Nullable Call<Q, A> candidate() {
    Call<Q, A> last = latest();
    Call<Q, A> call =
        last.isOfVirtualThread()
            ? latestWithoutVirtualThread().orElse(isReserve ? null : last)
            : last;
    return call != null && call.hasThread() && !last.deadline().isWellAfter(call.deadline())
        ? call
        : null;
  }

  /**
   * Returns whether the leader is a virtual thread, and the batch also contains calls from platform
   * threads or futures, which should not have to wait for a virtual thread.
   */
  boolean needsOtherThan(Call<Q, A> leader) {
    return leader.isOfVirtualThread() && latestWithoutVirtualThread().isPresent();
  }

  private Optional<Call<Q, A>> latestWithoutVirtualThread() {
    return calls.stream()
        .filter(call -> !call.isOfVirtualThread())
        .reduce((one, other) -> one.endsAfter(other) ? one : other);
  }

  /** A view of the calls' requests, which avoids copying them. */
  private static final class Requests<Q extends Request> extends AbstractList<Q>
      implements RandomAccess {
    private final List<? extends Call<Q, ?>> calls;

    Requests(List<? extends Call<Q, ?>> calls) {
      this.calls = calls;
    }

    @Override
    public Q get(int index) {
      return calls.get(index).request();
    }

    @Override
    public int size() {
      return calls.size();
    }
  }
}
